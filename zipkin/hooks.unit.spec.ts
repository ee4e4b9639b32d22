import assert from 'node:assert/strict';
import { SpanKind, type Tracer } from '@opentelemetry/api';
import { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler } from '@opentelemetry/sdk-trace';
import { background, causedBy } from '../shared/kit/context.ts';
import { CodedError } from '../shared/kit/errors.ts';
import { recordCarrier } from '../shared/kit/transport/grpc/carrier.ts';
import type { HttpExchange } from '../shared/kit/transport/http/exchange.ts';
import { spanRecorder } from '../shared/testing/zipkin/span-recorder.ts';
import { hasNoIdInNames, hasSingleSpanNamed, spanTrees } from '../shared/testing/zipkin/spans.ts';
import { grpcClientTrace, grpcServerTrace } from './grpc.ts';
import { httpServerTrace } from './http.ts';
import { jetstreamConsumerTrace, jetstreamProducerTrace } from './jetstream.ts';
import { loggedEventTrace } from './logged-event.ts';
import { continueTrace, traceId } from './propagation.ts';

const callersSpan = 'b7ad6b7169203331';
const traceparent = `00-0af7651916cd43dd8448eb211c80319c-${callersSpan}-01`;
const fine = { status: 0, error: undefined };

function exchange(header: Record<string, string>, route?: string): HttpExchange {
  return {
    method: 'GET',
    path: '/api/parcels/parcel-7',
    route,
    params: route === undefined ? {} : { id: 'parcel-7', other: 'x' },
    header: (name) => header[name],
  };
}

/** A message, incoming and outgoing at once, and its headers. */
function message(headers: Record<string, string>) {
  return {
    headers,
    subject: 'PARCELS.sent',
    sequence: 42n,
    durable: 'post-worker',
    header: (name: string) => headers[name],
    setHeader: (name: string, value: string) => {
      headers[name] = value;
    },
  };
}

describe('httpServerTrace', () => {
  it("continues the caller's trace in a span named by the route, with a parameter as a tag", () => {
    const { tracer, spans } = spanRecorder();
    const http = exchange({ traceparent }, '/api/parcels/:id');
    const hook = httpServerTrace(tracer, { tagOfParam: { id: 'parcel.id' } });
    hook.after(hook.before(background(), http), http, { status: 200, error: undefined });
    const span = hasSingleSpanNamed(spans(), 'GET /api/parcels/:id');
    assert.equal(span.parentId, callersSpan);
    assert.equal(span.kind, 'SERVER');
    assert.deepEqual(span.tags, {
      'http.request.method': 'GET',
      'http.route': '/api/parcels/:id',
      'url.path': '/api/parcels/parcel-7',
      'parcel.id': 'parcel-7',
      'http.response.status_code': '200',
    });
  });

  it("continues a trace that came in b3 headers as it continues a traceparent's", () => {
    const [, callers = '', span = ''] = traceparent.split('-');
    for (const headers of [
      { b3: `${callers}-${span}-1` },
      { 'x-b3-traceid': callers, 'x-b3-spanid': span, 'x-b3-sampled': '1' },
    ]) {
      const { tracer, spans } = spanRecorder();
      const http = exchange(headers, '/api/parcels/:id');
      const hook = httpServerTrace(tracer);
      hook.after(hook.before(background(), http), http, { status: 200, error: undefined });
      const { traceId, parentId } = hasSingleSpanNamed(spans(), 'GET /api/parcels/:id');
      assert.deepEqual([traceId, parentId], [callers, span]);
    }
  });

  describe('for callers that are not trusted', () => {
    const begun = (
      flags: string,
      sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    ) => {
      const { tracer, raw } = spanRecorder('test', sampler);
      const http = exchange({ traceparent: traceparent.replace(/..$/, flags) }, '/api/parcels/:id');
      const hook = httpServerTrace(tracer, { trusted: false });
      hook.after(hook.before(background(), http), http, { status: 200, error: undefined });
      return raw();
    };

    it("begins a trace of its own, with a link to the caller's", () => {
      const [span = assert.fail(), ...others] = begun('01');
      const callers = traceparent.split('-')[1];
      assert.deepEqual(others, []);
      assert.equal(span.parentSpanContext, undefined);
      assert.notEqual(span.spanContext().traceId, callers);
      assert.deepEqual(
        span.links.map(({ context }) => context.traceId),
        [callers],
      );
      assert.equal(span.attributes['caller.trace_id'], callers);
    });

    it("begins one of its own for b3 headers, too, and links it to the caller's", () => {
      const { tracer, raw } = spanRecorder();
      const [, callers = '', span = ''] = traceparent.split('-');
      const http = exchange({ b3: `${callers}-${span}-1` }, '/api/parcels/:id');
      const hook = httpServerTrace(tracer, { trusted: false });
      hook.after(hook.before(background(), http), http, { status: 200, error: undefined });
      const [own = assert.fail()] = raw();
      assert.notEqual(own.spanContext().traceId, callers);
      assert.equal(own.links[0]?.context.spanId, span);
      assert.equal(own.attributes['caller.trace_id'], callers);
    });

    it('heeds no flag of theirs: neither that a trace is left out nor that it is wanted', () => {
      assert.equal(begun('00').length, 1);
      assert.equal(begun('01', new ParentBasedSampler({ root: new AlwaysOffSampler() })).length, 0);
    });
  });

  it('refusals without a route all have an id, and only a share of them has spans', () => {
    const { tracer, spans } = spanRecorder();
    const hook = httpServerTrace(tracer, { refusalShare: 0.01 });
    const ids = Array.from({ length: 2_000 }, () => {
      const http = exchange({ traceparent });
      const ctx = hook.before(background(), http);
      hook.after(ctx, http, { status: 408, error: undefined });
      return traceId(ctx);
    });
    assert.ok(ids.every((id) => /^[\da-f]{32}$/.test(id)));
    assert.ok(spans().length < 100, `${spans().length} spans`);
    const served = exchange({}, '/api/parcels/:id');
    hook.after(hook.before(background(), served), served, { status: 200, error: undefined });
    hasSingleSpanNamed(spans(), 'GET /api/parcels/:id');
  });

  it('an unknown path makes no name of its own', () => {
    const { tracer, spans } = spanRecorder();
    const hook = httpServerTrace(tracer);
    const http = exchange({});
    const error = new CodedError('not_found', 'not_found', 'No.');
    hook.after(hook.before(background(), http), http, { status: 404, error });
    assert.equal(hasSingleSpanNamed(spans(), 'GET').failed, false);
  });
});

describe('gRPC traces', () => {
  it("the server's span is a child of the client's, whatever carried it", () => {
    const client = spanRecorder('parcelsvc');
    const server = spanRecorder('eventstoresvc');
    const wire = recordCarrier({}, 'eventstore.EventStore/AppendEvents');
    const calls = grpcClientTrace(client.tracer);
    const serves = grpcServerTrace(server.tracer);
    const sent = calls.before(background(), wire);
    serves.after(serves.before(background(), wire), wire, fine);
    calls.after(sent, wire, fine);
    const [tree] = spanTrees([...server.spans(), ...client.spans()]);
    assert.equal(tree?.span.kind, 'CLIENT');
    assert.equal(tree?.children[0]?.span.kind, 'SERVER');
    assert.equal(tree?.span.tags['rpc.grpc.status_code'], '0');
  });
});

describe('JetStream traces', () => {
  const headers = () => ({
    traceparent,
    'ce-id': 'event-1',
    'ce-subject': 'parcel-7',
    'ce-aggregatetype': 'parcel',
  });

  it('storing, publishing and consuming are one chain of parents', () => {
    const relay = spanRecorder('eventstoresvc');
    const worker = spanRecorder('postworker');
    const wire = message(headers());
    const publishes = jetstreamProducerTrace(relay.tracer);
    const consumes = jetstreamConsumerTrace(worker.tracer);
    publishes.after(publishes.before(background(), wire), wire, fine);
    consumes.after(consumes.before(background(), wire), wire, {
      status: 'acked',
      error: undefined,
    });
    const spans = [...relay.spans(), ...worker.spans()];
    const [tree] = spanTrees(spans, callersSpan);
    assert.equal(tree?.span.name, 'parcels.sent publish');
    assert.equal(tree?.children[0]?.span.name, 'parcels.sent process');
    hasNoIdInNames(spans, ['parcel-7', 'event-1']);
    assert.deepEqual(tree?.children[0]?.span.tags, {
      'messaging.system': 'nats',
      'peer.service': 'nats',
      'messaging.destination.name': 'PARCELS.sent',
      'messaging.message.id': 'event-1',
      'event.id': 'event-1',
      'parcel.id': 'parcel-7',
      'messaging.consumer.name': 'post-worker',
      'messaging.sequence': '42',
      'messaging.outcome': 'acked',
    });
  });

  it("the consumer's span is linked to its producer's as well", () => {
    const { tracer, raw } = spanRecorder();
    const hook = jetstreamConsumerTrace(tracer);
    const wire = message(headers());
    hook.after(hook.before(background(), wire), wire, { status: 'acked', error: undefined });
    assert.equal(raw()[0]?.links[0]?.context.spanId, callersSpan);
    assert.equal(raw()[0]?.kind, SpanKind.CONSUMER);
  });

  it('an event that was stored without a trace begins one', () => {
    const { tracer, spans } = spanRecorder();
    const hook = jetstreamProducerTrace(tracer);
    const wire = message({ 'ce-id': 'event-1' });
    hook.after(hook.before(background(), wire), wire, fine);
    const [span] = spans();
    assert.equal(span?.parentId, undefined);
    assert.equal(wire.headers.traceparent, `00-${span?.traceId}-${span?.id}-01`);
  });
});

describe('loggedEventTrace', () => {
  const event = {
    eventId: 'event-1',
    eventType: 'PARCELS.sent',
    aggregateId: 'parcel-7',
    aggregateType: 'parcel',
    position: 42n,
    metadata: { traceparent },
  };
  const projected = { status: 'projected', error: undefined };

  it('an event read from the log has the span that its message would have, below the append', () => {
    const { tracer, spans } = spanRecorder();
    const hook = loggedEventTrace(tracer, 'query-model');
    hook.after(hook.before(background(), event), event, projected);
    const span = hasSingleSpanNamed(spans(), 'parcels.sent process');
    assert.deepEqual([span.parentId, span.kind], [callersSpan, 'CONSUMER']);
    assert.deepEqual(span.tags, {
      'messaging.system': 'eventstore',
      'peer.service': 'eventstoresvc',
      'messaging.destination.name': 'PARCELS.sent',
      'messaging.message.id': 'event-1',
      'event.id': 'event-1',
      'parcel.id': 'parcel-7',
      'messaging.consumer.name': 'query-model',
      'messaging.sequence': '42',
      'messaging.outcome': 'projected',
    });
  });

  it('an event that is not sampled, or was stored without a trace, makes no span and no context', () => {
    const { tracer, spans } = spanRecorder();
    const hook = loggedEventTrace(tracer, 'query-model');
    const ctx = background();
    for (const metadata of [
      { traceparent: traceparent.replace(/01$/, '00') },
      { traceparent: 'nonsense' },
      {},
    ]) {
      const unsampled = { ...event, metadata };
      assert.equal(hook.before(ctx, unsampled), ctx);
      hook.after(ctx, unsampled, projected);
    }
    assert.deepEqual(spans(), []);
  });
});

describe('a trace that is not sampled', () => {
  const unsampled = traceparent.replace(/01$/, '00');
  const trace = { traceparent: unsampled, tracestate: 'vendor=1' };
  const sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() });

  /** A tracer that must not be asked, and a context in the trace. */
  function leftOut() {
    const tracer: Tracer = {
      startSpan: () => assert.fail('a span was started'),
      startActiveSpan: () => assert.fail('a span was started'),
    };
    return { tracer, ctx: continueTrace(background(), unsampled) };
  }

  /** A message that fails if anything but its trace is read. */
  function closedMessage() {
    const set: Record<string, string> = {};
    const wire = {
      ...message({}),
      header: (name: string) =>
        name === 'traceparent' || name === 'tracestate' ? trace[name] : assert.fail(name),
      setHeader: (name: string, value: string) => {
        set[name] = value;
      },
    };
    return { wire, set };
  }

  it('has no spans and no tags at any hop, and its ids stay whole', () => {
    const { tracer, ctx } = leftOut();
    const call = recordCarrier({}, 'm');
    const calls = grpcClientTrace(tracer);
    calls.after(calls.before(ctx, call), call, fine);
    assert.deepEqual(call.record, { traceparent: unsampled });
    const serves = grpcServerTrace(tracer);
    const served = serves.before(background(), call);
    serves.after(served, call, fine);
    assert.equal(traceId(served), traceId(ctx));
    const { wire, set } = closedMessage();
    const publishes = jetstreamProducerTrace(tracer);
    publishes.after(publishes.before(background(), wire), wire, fine);
    assert.deepEqual(set, trace);
    const consumes = jetstreamConsumerTrace(tracer);
    const consumed = consumes.before(background(), wire);
    consumes.after(consumed, wire, { status: 'failed', error: new Error('x') });
    assert.equal(traceId(consumed), traceId(ctx));
  });

  it('keeps correlation and cause where only the trace is continued', () => {
    const { tracer } = leftOut();
    const ctx = causedBy(background('c-1'), { eventId: 'event-1' });
    const inside = jetstreamConsumerTrace(tracer).before(ctx, closedMessage().wire);
    assert.equal(inside.correlationId, 'c-1');
    assert.equal(inside.causationId, 'event-1');
  });

  it('is left out below the edge, whatever the sampler', () => {
    const { tracer, spans } = spanRecorder('test', new AlwaysOnSampler());
    const wire = recordCarrier({ traceparent: unsampled }, 'm');
    const hook = grpcServerTrace(tracer);
    hook.after(hook.before(background(), wire), wire, fine);
    assert.deepEqual(spans(), []);
  });

  it('may be taken in at the edge, where the sampler decides', () => {
    const { tracer, spans } = spanRecorder('test', new AlwaysOnSampler());
    const http = exchange({ traceparent: unsampled }, '/api/parcels/:id');
    const hook = httpServerTrace(tracer);
    hook.after(hook.before(background(), http), http, fine);
    assert.equal(hasSingleSpanNamed(spans(), 'GET /api/parcels/:id').parentId, callersSpan);
  });

  it('begins unsampled, and then has one trace id with flag 00 all the way', () => {
    const off = spanRecorder('test', new AlwaysOffSampler());
    const ctx = httpServerTrace(off.tracer).before(background(), exchange({}));
    const wire = recordCarrier({}, 'm');
    grpcClientTrace(off.tracer).before(ctx, wire);
    assert.match(wire.record.traceparent ?? '', new RegExp(`^00-${traceId(ctx)}-.{16}-00$`));
    assert.notEqual(traceId(ctx), '');
  });

  it("a caller's choice is honoured at the edge by a sampler that asks the parent", () => {
    const { tracer, spans } = spanRecorder('test', sampler);
    const http = exchange({ traceparent: unsampled });
    const hook = httpServerTrace(tracer);
    const ctx = hook.before(background(), http);
    hook.after(ctx, http, fine);
    assert.deepEqual(spans(), []);
    assert.equal(traceId(ctx), unsampled.slice(3, 35));
  });
});
