import assert from 'node:assert/strict';
import { SpanKind } from '@opentelemetry/api';
import { AlwaysOnSampler, ParentBasedSampler } from '@opentelemetry/sdk-trace';
import { background } from '../shared/kit/context.ts';
import { CodedError } from '../shared/kit/errors.ts';
import { recordCarrier } from '../shared/kit/transport/grpc/carrier.ts';
import type { HttpExchange } from '../shared/kit/transport/http/exchange.ts';
import { spanRecorder } from '../shared/testing/zipkin/span-recorder.ts';
import { hasNoIdInNames, hasSingleSpanNamed, spanTrees } from '../shared/testing/zipkin/spans.ts';
import { grpcClientTrace, grpcServerTrace } from './grpc.ts';
import { httpServerTrace } from './http.ts';
import { jetstreamConsumerTrace, jetstreamProducerTrace } from './jetstream.ts';

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
    const hook = httpServerTrace(tracer, { id: 'parcel.id' });
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

describe('a trace that is not sampled', () => {
  it('leaves no spans, and stays unsampled further on', () => {
    const sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() });
    const { tracer, spans } = spanRecorder('test', sampler);
    const record: Record<string, string> = { traceparent: traceparent.replace(/01$/, '00') };
    const wire = recordCarrier(record, 'm');
    const ctx = grpcServerTrace(tracer).before(background(), wire);
    grpcClientTrace(tracer).before(ctx, wire);
    assert.match(record.traceparent ?? '', /^00-0af7651916cd43dd8448eb211c80319c-.{16}-00$/);
    assert.deepEqual(spans(), []);
  });
});
