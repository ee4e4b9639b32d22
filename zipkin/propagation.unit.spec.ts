import assert from 'node:assert/strict';
import { type Context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { background } from '../shared/kit/context.ts';
import { continueTrace, extract, inject } from './propagation.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
/** What `inject` writes for `telemetry`. */
function written(telemetry: Context): { traceparent?: string; tracestate?: string } {
  const carrier: Record<string, string> = {};
  inject(telemetry, (key, value) => {
    carrier[key] = value;
  });
  return carrier;
}

const from = (carrier: Record<string, string>) => extract(ROOT_CONTEXT, (key) => carrier[key]);

describe('propagation', () => {
  it('passes on what came in, sampled or not, with its state', () => {
    const carrier = { traceparent, tracestate: 'vendor=1,other=2' };
    assert.deepEqual(written(from(carrier)), carrier);
    const unsampled = { traceparent: traceparent.replace(/01$/, '00') };
    assert.deepEqual(written(from(unsampled)), unsampled);
  });

  it('goes on in a trace that was kept, and only there', () => {
    const ctx = background();
    assert.equal(written(continueTrace(ctx, traceparent).telemetry).traceparent, traceparent);
    assert.deepEqual(written(continueTrace(ctx, '').telemetry), {});
  });

  it('reads a later version by what it knows of it', () => {
    const later = traceparent.replace(/^00/, 'cc');
    assert.equal(written(from({ traceparent: `${later}-more` })).traceparent, traceparent);
  });

  const malformed: Record<string, string> = {
    nothing: '',
    'too short': '00-0af7651916cd43dd-b7ad6b7169203331-01',
    'upper case': traceparent.toUpperCase(),
    'no trace id': `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    'no span id': `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`,
    'the forbidden version': traceparent.replace(/^00/, 'ff'),
    'more than its version has': `${traceparent}-more`,
  };
  for (const [name, value] of Object.entries(malformed)) {
    it(`ignores a traceparent with ${name}`, () => {
      assert.equal(trace.getSpanContext(from({ traceparent: value })), undefined);
    });
  }

  it('ignores a tracestate that is longer than anybody must pass on', () => {
    const carrier = { traceparent, tracestate: `a=${'x'.repeat(600)}` };
    assert.deepEqual(written(from(carrier)), { traceparent });
  });

  it('writes nothing where there is no trace', () => {
    assert.deepEqual(written(ROOT_CONTEXT), {});
  });
});
