/** What the product is to reach beside the bare path of the same run. */
import { judging, type Target } from '../../../figures/target.ts';
import { stages } from '../capacity.ts';
import type { PartName } from '../plan.ts';
import { names } from './names.ts';
import type { Ratio, Row } from './report.ts';

/** Targets whose rows were measured; a run without a part is not judged by it. */
export function judge(rows: readonly Row[], ratios: readonly Ratio[]): readonly Target[] {
  const { targets, atLeast, atMost } = judging();
  const at = (part: PartName, amount: number, name: string, beside: string = names.bare) =>
    ratios.find(
      (one) =>
        one.part === part && one.amount === amount && one.name === name && one.beside === beside,
    );

  for (const [name, completed] of [
    [names.product, 0.65],
    [names.allTraced, 0.4],
  ] as const) {
    for (const callers of [64, 256]) {
      const ratio = at('callers', callers, name);
      const text = `${name}, the bare path is 1, ${callers} callers`;
      atLeast(`completed, ${text}`, '×', completed, ratio?.completed.median);
      if (name === names.product) atMost(`CPU an order, ${text}`, '×', 1.7, ratio?.cpu.median);
    }
  }
  const steady = at('rates', 200, names.product);
  const beside = `${names.product}, the bare path is 1, 200 orders/s`;
  atMost(`accept p50, ${beside}`, '×', 2.5, steady?.acceptP50.median);
  atMost(`journey p50, ${beside}`, '×', 3, steady?.journeyP50.median);
  atMost(`journey p99, ${beside}`, '×', 3, steady?.journeyP99.median);

  for (const callers of [64, 256]) {
    const figures = rows.find(
      ({ part, amount, name }) =>
        part === 'callers' && amount === callers && name === names.product,
    )?.figures;
    const all = `memory of all services, ${callers} callers`;
    const largest = `memory of the largest service, ${callers} callers`;
    atMost(all, 'MB', 1_200, figures?.memoryMb.median);
    atMost(largest, 'MB', 220, figures?.largestMb.median);
  }

  const stage = (wanted: string) => rows.find(({ name }) => name === wanted);
  const p99 = (wanted: string) => stage(wanted)?.figures.journeyP99.median;
  const overloaded = stage(stages.overloaded);
  atMost(`journey p99, ${stages.steady}`, 'ms', 150, p99(stages.steady));
  atMost(`refusal p99, ${stages.overloaded}`, 'ms', 50, overloaded?.refusalP99);
  atMost(`last end, ${stages.overloaded}`, 'ms', 5_000, overloaded?.figures.drainMs.median);
  atMost(`journey p99, ${stages.after}`, 'ms', 150, p99(stages.after));

  for (const callers of [64, 256]) {
    const [restate, dbos] = ['Restate', 'DBOS'].map((peer) =>
      at('callers', callers, names.product, peer),
    );
    const beside = (peer: string) => `${names.product}, ${peer} is 1, ${callers} callers`;
    atLeast(`completed, ${beside('Restate')}`, '×', 1.5, restate?.completed.median);
    atMost(`CPU an order, ${beside('Restate')}`, '×', 1, restate?.cpu.median);
    atLeast(`completed, ${beside('DBOS')}`, '×', 4, dbos?.completed.median);
  }
  return targets;
}
