import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createFrames } from './frames.ts';

function message(length: number): Buffer {
  const bytes = Buffer.alloc(5 + length);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

describe('messages in the bytes of a stream', () => {
  it('end where their length says, however the bytes come', () => {
    const lengths = fc.array(fc.nat(300), { minLength: 1, maxLength: 20 });
    const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
    fc.assert(
      fc.property(lengths, cuts, (sizes, pieces) => {
        const frames = createFrames();
        const bytes = Buffer.concat(sizes.map(message));
        const whole: number[] = [];
        for (let at = 0, piece = 0; at < bytes.length; piece++) {
          const size = pieces[piece % pieces.length] ?? 1;
          whole.push(...frames.take(bytes.subarray(at, at + size)));
          at += size;
          const soFar = whole.reduce((sum, each) => sum + each, 0);
          assert.equal(frames.partial(), Math.min(at, bytes.length) > soFar);
        }
        assert.deepEqual(
          whole,
          sizes.map((length) => length + 5),
        );
      }),
    );
  });
});
