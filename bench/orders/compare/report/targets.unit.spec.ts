import assert from 'node:assert/strict';
import { names } from './names.ts';
import type { Ratio } from './report.ts';
import { judge } from './targets.ts';

const flat = (value: number) => ({ median: value, min: value, max: value });
const ratio = (
  part: Ratio['part'],
  amount: number,
  name: string,
  completed: number,
  beside: string = names.bare,
): Ratio => ({
  part,
  amount,
  name,
  beside,
  completed: flat(completed),
  cpu: flat(1.8),
  acceptP50: flat(2),
  journeyP50: flat(3),
  journeyP99: flat(3.1),
});

describe('the targets of the product', () => {
  it('are judged by the bare path of the same run, where they were measured', () => {
    const judged = judge(
      [],
      [ratio('callers', 64, names.product, 0.66), ratio('callers', 64, names.allTraced, 0.39)],
    );
    assert.deepEqual(
      judged.map(({ wanted, got, met }) => [wanted, got, met]),
      [
        [0.65, 0.66, true],
        [1.7, 1.8, false],
        [0.4, 0.39, false],
      ],
    );
  });

  it('of latency are those at 200 orders a second', () => {
    const at = [100, 200].map((rate) => ratio('rates', rate, names.product, 1));
    assert.deepEqual(
      judge([], at).map(({ met }) => met),
      [true, true, false],
    );
  });

  it('beside a peer count only where the peer was measured', () => {
    const beside = [ratio('callers', 256, names.product, 1.6, 'Restate')];
    assert.deepEqual(
      judge([], beside).map(({ bound, wanted, met }) => [bound, wanted, met]),
      [
        ['at least', 1.5, true],
        ['at most', 1, false],
      ],
    );
  });
});
