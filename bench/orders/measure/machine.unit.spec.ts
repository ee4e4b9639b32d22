import assert from 'node:assert/strict';
import { machineTime, shareOfOthers } from './machine.ts';

const at = (line: string) => machineTime(() => `${line}\ncpu0 1 1 1 1\n`);

describe('the time of the machine', () => {
  it('is busy but for idling and waiting for the disk; what the host took counts as busy', () => {
    assert.deepEqual(at('cpu  10 1 5 100 50 2 3 4 9 9'), { busyMs: 250, allMs: 1_750 });
  });

  it('others took what was busy and not ours', () => {
    const before = at('cpu 100 0 0 900 0 0 0 0');
    const after = at('cpu 180 0 0 1020 0 0 0 0');
    assert.equal(shareOfOthers(before, after, 700), 0.05);
    assert.equal(shareOfOthers(before, after, 900), 0, 'never less than nothing');
    assert.equal(shareOfOthers(before, before, 0), 0, 'nor of no time');
  });

  it('where the system does not tell, nobody took anything', () => {
    const none = machineTime(() => {
      throw new Error('no /proc');
    });
    assert.deepEqual(none, { busyMs: 0, allMs: 0 });
  });
});
