import assert from 'node:assert/strict';
import { familyTime } from './family-time.ts';

describe('the time of a process and its descendants', () => {
  it('has what it used itself, and what those that have ended used', () => {
    const fields = ['S', ...Array.from({ length: 10 }, (_, n) => 1_000 + n), 3, 5, 70, 900, 20, 0];
    assert.equal(
      familyTime(() => `42 (a ) name) ${fields.join(' ')}\n`),
      9_780,
    );
    for (let n = 0; familyTime() === 0; n++) Math.sqrt(n);
    assert.ok(familyTime() > 0);
  });

  it('is nothing where the system does not tell', () => {
    const none = () => {
      throw new Error('no /proc');
    };
    assert.equal(familyTime(none), 0);
  });
});
