import type { Books } from './books.ts';
import type { RunResult } from './run.ts';

/** What makes a run's figures worth nothing, for people, a line each; none where all is well. */
export function shortcomings(
  { accepted, notEnded }: Pick<RunResult, 'accepted' | 'notEnded'>,
  { report, head }: Books,
): readonly string[] {
  const { stream, readModel, ledger, discrepancyCount } = report;
  const copies = [
    ['stream', stream.published],
    ['read model', readModel.checkpoint],
  ] as const;
  const compared = [
    ['orders of the read model', readModel.notCompared],
    ['lines of the ledger', ledger.notCompared],
  ] as const;
  return [
    ...(accepted === 0 ? ['no order was accepted'] : []),
    ...(notEnded > 0 ? [`accepted and never ended: ${notEnded}`] : []),
    ...copies.flatMap(([name, at]) =>
      at < head ? [`the ${name} is at position ${at}, not yet at ${head}`] : [],
    ),
    ...compared.flatMap(([what, count]) => (count > 0 ? [`${count} ${what} not compared`] : [])),
    ...(discrepancyCount > 0 ? ['the books do not agree'] : []),
  ];
}
