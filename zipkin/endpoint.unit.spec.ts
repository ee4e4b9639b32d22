import assert from 'node:assert/strict';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace';
import { background } from '../shared/kit/context.ts';
import { CodedError } from '../shared/kit/errors.ts';
import { spanRecorder } from '../shared/testing/zipkin/span-recorder.ts';
import { hasSingleSpanNamed } from '../shared/testing/zipkin/spans.ts';
import { traceEndpoint } from './endpoint.ts';
import { continueTrace, traceId } from './propagation.ts';

describe('traceEndpoint', () => {
  it('gives the endpoint a context in its span, which ends with it', async () => {
    const { tracer, spans } = spanRecorder();
    let inside = '';
    await traceEndpoint(
      tracer,
      'send parcel',
    )(async (ctx) => {
      inside = traceId(ctx);
    })(background(), undefined);
    assert.equal(hasSingleSpanNamed(spans(), 'send parcel').traceId, inside);
  });

  it('spans nest as the endpoints do', async () => {
    const { tracer, spans } = spanRecorder();
    const inner = traceEndpoint(tracer, 'inner')(async () => 1);
    await traceEndpoint(tracer, 'outer')((ctx) => inner(ctx, undefined))(background(), undefined);
    const outer = hasSingleSpanNamed(spans(), 'outer');
    assert.equal(hasSingleSpanNamed(spans(), 'inner').parentId, outer.id);
  });

  it('tags the span with what the request and the response tell', async () => {
    const { tracer, spans } = spanRecorder();
    const traced = traceEndpoint<{ id: string }>(tracer, 'get', (request, response) => ({
      'parcel.id': request.id,
      missing: undefined,
      version: String(response),
    }))(async () => 3);
    await traced(background(), { id: 'parcel-1' });
    assert.deepEqual(hasSingleSpanNamed(spans(), 'get').tags, {
      'parcel.id': 'parcel-1',
      version: '3',
    });
  });

  it('makes nothing in a trace that was left out: the endpoint gets its context as it is', async () => {
    const { tracer, spans } = spanRecorder('test', new AlwaysOffSampler());
    const tags = () => assert.fail('tags were made');
    const ctx = continueTrace(background(), `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`);
    const traced = traceEndpoint(tracer, 'send parcel', tags)(async (inside) => inside);
    assert.equal(await traced(ctx, undefined), ctx);
    const begun = await traced(background(), undefined);
    assert.notEqual(traceId(begun), '', 'where a trace begins it has an id, though no tags');
    assert.deepEqual(spans(), []);
  });

  const ended = async (error: Error) => {
    const { tracer, spans } = spanRecorder();
    const traced = traceEndpoint(
      tracer,
      'fail',
    )(async () => {
      throw error;
    });
    await assert.rejects(traced(background(), undefined), (thrown) => thrown === error);
    return hasSingleSpanNamed(spans(), 'fail');
  };

  it('a refusal is an answer: the span has its code and is no error', async () => {
    const span = await ended(new CodedError('conflict', 'version_conflict', 'It moved on.'));
    assert.equal(span.tags['error.code'], 'version_conflict');
    assert.equal(span.failed, false);
  });

  it('a failure of the machinery marks the span', async () => {
    const span = await ended(new CodedError('unavailable', 'database_unavailable', 'Away.'));
    assert.equal(span.tags['error.code'], 'database_unavailable');
    assert.equal(span.failed, true);
  });
});
