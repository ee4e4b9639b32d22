/** The figures that the engine is to reach, each against its peer of the same run. */
import { judging, type Target } from '../figures/target.ts';
import { names } from './names.ts';
import { type Row, rowOf, type SectionName } from './report.ts';

type Where = { readonly callers?: number; readonly stored?: number };

/** Targets whose rows were measured; a run without a section is not judged by it. */
export function judge(rows: readonly Row[]): readonly Target[] {
  const { targets, atLeast, atMost } = judging();
  const rate = (section: SectionName, name: string, where?: Where) =>
    rowOf(rows, section, name, where)?.rate.median;
  const appends = (name: string, callers: number) => rate('append', name, { callers });

  for (const [callers, wanted] of [
    [1, 1.7],
    [64, 10],
    [256, 10],
  ] as const) {
    const ratio = divided(appends(names.inProcess, callers), appends(names.emmett, callers));
    atLeast(`append in process, Emmett is 1, ${callersText(callers)}`, '×', wanted, ratio);
  }
  for (const [callers, wanted] of [
    [64, 50],
    [256, 60],
  ] as const) {
    const ratio = divided(appends(names.inProcess, callers), appends(names.multiRows, callers));
    atLeast(
      `append in process, share of the limit, ${callersText(callers)}`,
      '%',
      wanted,
      percent(ratio),
    );
  }
  const p99 = rowOf(rows, 'append', names.inProcess, { callers: 64 })?.times?.p99;
  atMost('append in process, p99, 64 callers', 'ms', 8, p99);
  for (const [callers, wanted] of [
    [1, 1],
    [256, 5],
  ] as const) {
    const ratio = divided(appends(names.stream, callers), appends(names.emmett, callers));
    atLeast(
      `append over gRPC, Emmett in process is 1, ${callersText(callers)}`,
      '×',
      wanted,
      ratio,
    );
  }

  const two = rowOf(rows, 'two writers', names.twoWriters);
  const ratio = divided(two?.rate.median, rate('two writers', names.oneWriter));
  atLeast('two processes on one log, of the rate of one', '%', 90, percent(ratio));
  atMost('two processes on one log, longest wait', 'ms', 250, two?.times?.max);

  for (const section of [
    'growth: append',
    'growth: read one aggregate',
    'growth: read the log',
  ] as const) {
    const grown = divided(
      rate(section, names.inProcess, { stored: 1_000_000 }),
      rate(section, names.inProcess, { stored: 10_000 }),
    );
    atLeast(
      `${section.slice('growth: '.length)} at 10^6 stored, of the rate at 10^4`,
      '%',
      90,
      percent(grown),
    );
  }
  const slow = (stored: number) =>
    rowOf(rows, 'growth: read one aggregate', names.inProcess, { stored })?.times?.p99;
  atMost(
    'read one aggregate, p99 at 10^6 stored, at 10^4 is 1',
    '×',
    1.5,
    divided(slow(1_000_000), slow(10_000)),
  );

  atLeast('GetEventsBatches between processes', '/s', 80_000, rate('read the log', names.batches));
  atLeast(
    'GetEventsStream between processes',
    '/s',
    30_000,
    rate('read the log', names.eventStream),
  );
  return targets;
}

const divided = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined || b === 0 ? undefined : a / b;

const percent = (ratio: number | undefined) => (ratio === undefined ? undefined : ratio * 100);

const callersText = (callers: number) => (callers === 1 ? '1 caller' : `${callers} callers`);
