import assert from 'node:assert/strict';
import { recordingMeter } from '../../../../testing/recording.ts';
import { background } from '../../../context.ts';
import { CodedError } from '../../../errors.ts';
import { noHook } from '../../hooks.ts';
import type { HttpExchange } from '../exchange.ts';
import { measuringRequests } from './request-metrics.ts';

const exchange = (method: string, route: string | undefined): HttpExchange => ({
  method,
  route,
  path: '/parcels/7',
  params: {},
  header: () => undefined,
});

describe('the metrics of HTTP requests', () => {
  it('tell each request by method, route and answer, the refused ones by their code', () => {
    const { meter, measurements } = recordingMeter();
    const hook = measuringRequests(noHook, meter);
    const full = new CodedError('overloaded', 'too_many', 'Later.');
    for (const [http, status, error] of [
      [exchange('GET', '/parcels/:id'), 200, undefined],
      [exchange('POST', '/parcels'), 503, full],
    ] as const) {
      hook.after(hook.before(background(), http), http, { status, error });
    }
    assert.deepEqual(
      measurements.map(({ instrument, attributes }) => [instrument, Object.values(attributes)]),
      [
        ['http_server_request_duration_seconds', ['GET', '/parcels/:id', 200, undefined]],
        ['http_server_request_duration_seconds', ['POST', '/parcels', 503, 'too_many']],
      ],
    );
  });

  it('have as many series as there are routes, whatever is sent', () => {
    const { meter, measurements } = recordingMeter();
    const hook = measuringRequests(noHook, meter);
    const http = exchange('X-1', undefined);
    hook.after(hook.before(background(), http), http, { status: 501, error: undefined });
    assert.deepEqual(Object.values(measurements[0]?.attributes ?? {}).slice(0, 2), [
      '_OTHER',
      undefined,
    ]);
  });
});
