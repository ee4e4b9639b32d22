import assert from 'node:assert/strict';
import { names } from './names.ts';
import type { Row } from './report.ts';
import { judge } from './targets.ts';

const flat = (median: number) => ({ median, min: median, max: median });
const times = (p99: number, max = p99) => ({ p50: p99 / 2, p95: p99, p99, max });
const appended = (name: string, callers: number, rate: number, p99 = 5): Row => ({
  section: 'append',
  name,
  callers,
  rate: flat(rate),
  times: times(p99),
  durable: 'on disk',
});
const verdicts = (rows: readonly Row[]) =>
  judge(rows).map(({ text, got, met }) => [text, Math.round(got * 100) / 100, met]);

describe('the targets of the engine', () => {
  it('compare medians with the peer at the same number of callers', () => {
    const rows = [
      appended(names.inProcess, 1, 1_699),
      appended(names.emmett, 1, 1_000),
      appended(names.inProcess, 64, 30_000, 8),
      appended(names.emmett, 64, 3_000),
      appended(names.multiRows, 64, 60_001),
    ];
    assert.deepEqual(verdicts(rows), [
      ['append in process, Emmett is 1, 1 caller', 1.7, false],
      ['append in process, Emmett is 1, 64 callers', 10, true],
      ['append in process, share of the limit, 64 callers', 50, false],
      ['append in process, p99, 64 callers', 8, true],
    ]);
  });

  it('two writers are judged by their rate and by the longest wait of all', () => {
    const writers = (name: string, rate: number, longest: number): Row => ({
      section: 'two writers',
      name,
      rate: flat(rate),
      times: times(10, longest),
      durable: 'on disk',
    });
    assert.deepEqual(
      verdicts([writers(names.oneWriter, 1_000, 20), writers(names.twoWriters, 950, 251)]),
      [
        ['two processes on one log, of the rate of one', 95, true],
        ['two processes on one log, longest wait', 251, false],
      ],
    );
  });

  it('what was not measured is not judged', () => {
    assert.deepEqual(judge([]), []);
    assert.deepEqual(judge([appended(names.inProcess, 16, 1_000)]), []);
  });
});
