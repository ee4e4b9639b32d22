import assert from 'node:assert/strict';
import { EVENTS_PER_AGGREGATE, lifeOf, steps } from './workload.ts';

describe('the workload of the engine bench', () => {
  it('an aggregate is begun and then continued, each append against the version before it', () => {
    const caller = steps();
    const seen = Array.from({ length: 2 * EVENTS_PER_AGGREGATE }, () => caller.next().value);
    assert.deepEqual(
      seen.map(({ expectedVersion }) => expectedVersion),
      [0, 1, 2, 0, 1, 2],
    );
    assert.equal(new Set(seen.map(({ aggregateId }) => aggregateId)).size, 2);
    assert.equal(new Set(seen.map(({ eventId }) => eventId)).size, seen.length);
  });

  it('a payload is about 350 bytes, and the trace context is valid', () => {
    for (const { payload, metadata } of lifeOf('0b54d3c1-6b36-4f1d-93b2-0a7a36d0b0a1')) {
      const bytes = Buffer.byteLength(JSON.stringify(payload));
      assert.ok(bytes > 330 && bytes < 370, `${bytes} bytes`);
      assert.match(metadata.traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    }
  });
});
