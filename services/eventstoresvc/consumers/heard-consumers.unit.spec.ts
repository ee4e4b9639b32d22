import assert from 'node:assert/strict';
import { heardConsumers } from './heard-consumers.ts';

describe('what is heard of consumers', () => {
  it('is how long each has been silent, and nothing of those that never called', () => {
    let clock = 0;
    const heard = heardConsumers(() => clock);
    heard.hear('a');
    clock = 1_500;
    heard.hear('b');
    clock = 4_000;
    assert.deepEqual(['a', 'b', 'c'].map(heard.silentMs), [4_000, 2_500, undefined]);
    heard.hear('a');
    assert.equal(heard.silentMs('a'), 0);
  });

  it('is bounded, whatever names callers give', () => {
    const heard = heardConsumers(() => 0);
    for (let n = 0; n < 5_000; n++) heard.hear(`consumer-${n}`);
    assert.equal(heard.silentMs('consumer-4999'), undefined);
    assert.equal(heard.silentMs('consumer-0'), 0);
  });
});
