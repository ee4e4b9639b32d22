import assert from 'node:assert/strict';
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type { GetAggregatesRequest, GetAggregatesResponse } from '../../../proto/gen/eventstore.ts';
import { EventStoreService } from '../../../proto/gen/eventstore.ts';
import { background, withSignal, withTelemetry, withTimeLeft } from '../../kit/context.ts';
import { CodedError } from '../../kit/errors.ts';
import { silentLogger } from '../../kit/logger.ts';
import type { GrpcCarrier } from '../../kit/transport/grpc/carrier.ts';
import { type GrpcServer, grpcServer } from '../../kit/transport/grpc/grpc-server.ts';
import { toServiceError } from '../../kit/transport/grpc/grpc-status.ts';
import type { Hook } from '../../kit/transport/hooks.ts';
import { anEvent } from '../../testing/an-event.ts';
import { eventually } from '../../testing/eventually.ts';
import type { AggregateId, RecordedEvent } from '../event-store.ts';
import { aggregateReads } from './aggregate-reads.ts';
import { createLink, type Link } from './link.ts';
import { recordedToWire } from './wire.ts';

const ctx = background();
const parcel = (aggregateId: string) => ({ aggregateType: 'parcel', aggregateId });

const eventsOf = ({ aggregateId }: AggregateId, versions: readonly number[]): RecordedEvent[] =>
  versions.map((version) => ({
    ...anEvent({ aggregateId }),
    stream: 'PARCELS',
    version: BigInt(version),
    position: BigInt(version),
    createdAt: new Date(0),
  }));

const answerWith = (request: GetAggregatesRequest, versions = [1, 2]): GetAggregatesResponse => ({
  aggregates: request.aggregates.map((aggregate) => ({
    events: eventsOf(aggregate, versions).map(recordedToWire),
    incomplete: false,
  })),
});

describe('reads of aggregates that share a call', () => {
  /** Calls as they arrive; each is answered by the test, or at once if `answer` is set. */
  const calls: {
    request: GetAggregatesRequest;
    traceparent: string | undefined;
    end(error: unknown, response?: GetAggregatesResponse): void;
  }[] = [];
  let answer: ((request: GetAggregatesRequest) => GetAggregatesResponse) | undefined;
  let server: GrpcServer;
  let link: Link;
  const singly: string[] = [];

  const { getAggregates: method } = EventStoreService;
  const serve = (definition: object, implementation: object) =>
    grpcServer({
      host: '127.0.0.1',
      port: 0,
      services: [{ definition: definition as never, implementation: implementation as never }],
      logger: silentLogger,
    });

  async function start(one: GrpcServer): Promise<void> {
    server = one;
    await server.start?.();
    link = createLink(`127.0.0.1:${server.port()}`, 'PARCELS');
  }

  beforeEach(async () => {
    calls.length = 0;
    singly.length = 0;
    answer = undefined;
    const getAggregates = (
      call: { request: GetAggregatesRequest; metadata: { get(key: string): unknown[] } },
      callback: (error: unknown, response?: GetAggregatesResponse) => void,
    ) => {
      const [traceparent] = call.metadata.get('traceparent');
      const { request } = call;
      calls.push({ request, traceparent: traceparent as string | undefined, end: callback });
      if (answer !== undefined) callback(null, answer(request));
    };
    await start(serve({ getAggregates: method }, { getAggregates }));
  });
  afterEach(async () => {
    link.close();
    await server.stop?.();
  });

  const reads = (hook: Hook<GrpcCarrier> = { before: (ctx) => ctx, after: () => undefined }) =>
    aggregateReads(link, {
      stream: 'PARCELS',
      timeoutMs: 2_000,
      hook,
      singly: async (_ctx, aggregate) => {
        singly.push(aggregate.aggregateId);
        return eventsOf(aggregate, [1, 2, 3]);
      },
    });
  const asked = (index: number) =>
    calls[index]?.request.aggregates.map(({ aggregateId }) => aggregateId);
  const arrived = (count: number) => eventually('the call', () => calls.length === count);

  it('what is asked while a call is under way is the next call; one alone is read alone', async () => {
    const read = reads();
    const first = ['a', 'b'].map((id) => read(ctx, parcel(id)));
    await arrived(1);
    const others = ['c', 'd', 'e'].map((id) => read(ctx, parcel(id)));
    calls[0]?.end(null, answerWith(calls[0].request));
    await Promise.all(first);
    await arrived(2);
    const alone = read(ctx, parcel('f'));
    assert.deepEqual(
      [asked(0), asked(1)],
      [
        ['a', 'b'],
        ['c', 'd', 'e'],
      ],
    );
    calls[1]?.end(null, answerWith(calls[1].request));
    const all = await Promise.all([...first, ...others, alone]);
    assert.deepEqual(
      all.map(([event]) => event?.aggregateId),
      ['a', 'b', 'c', 'd', 'e', 'f'],
    );
    assert.deepEqual(singly, ['f']);
  });

  for (const [what, wrong] of [
    ['said to be incomplete', { events: [], incomplete: true }],
    ['without its first event', { versions: [2, 3], incomplete: false }],
    ['with a gap', { versions: [1, 3], incomplete: false }],
    ['not in the answer', undefined],
  ] as const) {
    it(`an aggregate ${what} is read alone, and the others are not`, async () => {
      answer = (request) => {
        const { aggregates } = answerWith(request);
        const at = request.aggregates.findIndex(({ aggregateId }) => aggregateId === 'b');
        const [asked] = request.aggregates.slice(at);
        assert.ok(asked);
        if (wrong === undefined) aggregates.splice(at, 1);
        else {
          const events = 'versions' in wrong ? eventsOf(asked, wrong.versions) : [];
          aggregates[at] = { events: events.map(recordedToWire), incomplete: wrong.incomplete };
        }
        return { aggregates };
      };
      const read = reads();
      const all = await Promise.all(['a', 'b'].map((id) => read(ctx, parcel(id))));
      assert.deepEqual(
        all.map((events) => events.map(({ version }) => Number(version))),
        [
          [1, 2],
          [1, 2, 3],
        ],
      );
      assert.deepEqual(singly, ['b']);
    });
  }

  it('what is wrong with one of them is said to its caller alone', async () => {
    const read = reads();
    const both = Promise.all([read(ctx, parcel('a')), read(ctx, parcel('b'))]);
    await arrived(1);
    calls[0]?.end(toServiceError(new CodedError('invalid', 'invalid_request', 'One is wrong.')));
    await both;
    assert.deepEqual(singly, ['a', 'b']);
  });

  it('an outage is said to all, as unavailable', async () => {
    const read = reads();
    const both = Promise.allSettled([read(ctx, parcel('a')), read(ctx, parcel('b'))]);
    await arrived(1);
    calls[0]?.end(toServiceError(new CodedError('unavailable', 'log_unavailable', 'Away.')));
    for (const result of await both) {
      assert.equal(result.status, 'rejected');
      assert.equal((result.reason as CodedError).kind, 'unavailable');
    }
    assert.deepEqual(singly, []);
  });

  it('a server of an older release is read from one by one, and not asked again each time', async () => {
    link.close();
    await server.stop?.();
    await start(serve({ getHead: EventStoreService.getHead }, { getHead: () => undefined }));
    const read = reads();
    const all = await Promise.all(['a', 'b'].map((id) => read(ctx, parcel(id))));
    assert.deepEqual(
      all.map((events) => events.length),
      [3, 3],
    );
    await read(ctx, parcel('c'));
    assert.deepEqual(singly, ['a', 'b', 'c']);
  });

  it('each caller has its own deadline and leaves by itself; the others get their answer', async () => {
    const read = reads();
    const leaving = new AbortController();
    const hasty = assert.rejects(read(withTimeLeft(ctx, 20), parcel('a')), { kind: 'timeout' });
    const gone = assert.rejects(read(withSignal(ctx, leaving.signal), parcel('b')), {
      kind: 'cancelled',
    });
    const patient = read(ctx, parcel('c'));
    await arrived(1);
    leaving.abort();
    await Promise.all([hasty, gone]);
    calls[0]?.end(null, answerWith(calls[0].request));
    assert.equal((await patient).length, 2);
  });

  const inTrace = (traceFlags: TraceFlags, span: string) =>
    withTelemetry(
      ctx,
      trace.setSpanContext(ROOT_CONTEXT, {
        traceId: '1'.repeat(32),
        spanId: span.repeat(16),
        traceFlags,
      }),
    );

  it('each caller has its own span; the call is in the trace of one that is recorded', async () => {
    answer = answerWith;
    let spans = 0;
    const read = reads({
      before: (ctx, wire) => {
        const span = trace.getSpanContext(ctx.telemetry);
        spans += span?.traceFlags ?? 0;
        wire.set('traceparent', `00-${'1'.repeat(32)}-${span?.spanId}-0${span?.traceFlags}`);
        return ctx;
      },
      after: () => undefined,
    });
    await Promise.all(['a', 'b'].map((id) => read(inTrace(TraceFlags.NONE, '2'), parcel(id))));
    assert.equal(calls[0]?.traceparent, `00-${'1'.repeat(32)}-${'2'.repeat(16)}-00`);
    await Promise.all([
      read(inTrace(TraceFlags.NONE, '2'), parcel('a')),
      read(inTrace(TraceFlags.SAMPLED, '3'), parcel('b')),
      read(inTrace(TraceFlags.SAMPLED, '4'), parcel('c')),
    ]);
    assert.equal(spans, 2);
    assert.equal(calls[1]?.traceparent, `00-${'1'.repeat(32)}-${'3'.repeat(16)}-01`);
  });
});
