import assert from 'node:assert/strict';
import { verdictOf, verdictText } from './verdict.ts';

describe('the verdict of a comparison', () => {
  it('is refused where others used more than 5% of the machine in any round', () => {
    const refused = verdictOf([0.01, 0.051, 0.02]);
    assert.equal(refused.given, false);
    assert.match(verdictText(refused), /^no verdict: .* in 1 of 3 rounds \(at most 5\.1%\)$/);
  });

  it('is given where they did not, and says how much they used', () => {
    const given = verdictOf([0.01, 0.05]);
    assert.equal(given.given, true);
    assert.match(verdictText(given), /at most 5\.0% of the machine, so the figures count$/);
  });
});
