import assert from 'node:assert/strict';
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { extractOfCaller } from './propagation.ts';

const traceId = '80f198ee56343ba864fe8b2a57d3eff7';
const spanId = 'e457b5a2e4d86bd1';
const above = '05e3ac9a4f6e3b90';

/** The trace that a caller with these headers is in, as `traceId spanId flags`; empty if in none. */
function read(headers: Record<string, string>): string {
  const found = trace.getSpanContext(extractOfCaller(ROOT_CONTEXT, (key) => headers[key]));
  if (found === undefined) return '';
  assert.equal(found.isRemote, true);
  return `${found.traceId} ${found.spanId} ${found.traceFlags === TraceFlags.SAMPLED ? '01' : '00'}`;
}

describe('b3 headers', () => {
  const kept = `${traceId} ${spanId} 01`;
  const leftOut = `${traceId} ${spanId} 00`;

  it('in one header are continued, with the decision', () => {
    assert.equal(read({ b3: `${traceId}-${spanId}-1` }), kept);
    assert.equal(read({ b3: `${traceId}-${spanId}-1-${above}` }), kept);
    assert.equal(read({ b3: `${traceId}-${spanId}-d` }), kept);
    assert.equal(read({ b3: `${traceId}-${spanId}-0` }), leftOut);
  });

  it('in several headers are continued, with the decision', () => {
    const ids = { 'x-b3-traceid': traceId, 'x-b3-spanid': spanId, 'x-b3-parentspanid': above };
    assert.equal(read({ ...ids, 'x-b3-sampled': '1' }), kept);
    assert.equal(read({ ...ids, 'x-b3-sampled': 'true' }), kept);
    assert.equal(read({ ...ids, 'x-b3-sampled': '0' }), leftOut);
    assert.equal(read({ ...ids, 'x-b3-sampled': 'False' }), leftOut);
    assert.equal(read({ ...ids, 'x-b3-sampled': '0', 'x-b3-flags': '1' }), kept);
  });

  it('that leave the decision open leave it to us, and we keep the trace', () => {
    assert.equal(read({ b3: `${traceId}-${spanId}` }), kept);
    assert.equal(read({ 'x-b3-traceid': traceId, 'x-b3-spanid': spanId }), kept);
  });

  it('with an id of 64 bits are continued under the id with zeros in front', () => {
    const short = traceId.slice(16);
    const long = `${'0'.repeat(16)}${short} ${spanId} 01`;
    assert.equal(read({ b3: `${short}-${spanId}-1` }), long);
    assert.equal(read({ 'x-b3-traceid': short, 'x-b3-spanid': spanId }), long);
  });

  it('count only where no traceparent came', () => {
    const b3 = `${traceId}-${spanId}-1`;
    const other = '0af7651916cd43dd8448eb211c80319c';
    assert.equal(
      read({ b3, traceparent: `00-${other}-b7ad6b7169203331-00` }),
      `${other} b7ad6b7169203331 00`,
    );
    assert.equal(read({ b3, traceparent: 'nonsense' }), '');
  });

  it('that are malformed, or only decide, are ignored', () => {
    const zeros = '0'.repeat(32);
    for (const b3 of [
      '',
      '0',
      '1',
      'd',
      traceId,
      `${traceId}-${spanId}-2`,
      `x${traceId}-${spanId}-1`,
      `${traceId}-${spanId}-1-${above}-more`,
      `${traceId.toUpperCase()}-${spanId}-1`,
      `${zeros}-${spanId}-1`,
      `${traceId}-${'0'.repeat(16)}-1`,
    ]) {
      assert.equal(read({ b3 }), '', b3);
    }
    assert.equal(read({ 'x-b3-traceid': traceId }), '');
    assert.equal(read({ 'x-b3-traceid': 'x', 'x-b3-spanid': spanId }), '');
    assert.equal(read({ 'x-b3-sampled': '1' }), '');
  });
});
