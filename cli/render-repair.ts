/** What a repair will do and what came of it, as lines for people and as a document for programs. */

import { shown } from '../shared/kit/shown.ts';
import type { Repaired } from './audit/repair.ts';
import { type Repair, repairDocument, repairText } from './audit/repairs.ts';
import type { Paint } from './paint.ts';

/** Repairs that are told one by one before they are done; each is told when it is. */
const TOLD = 50;

/** What will be done; `dry`: with how to have it done. */
export function planned(plan: readonly Repair[], paint: Paint, dry = false): readonly string[] {
  if (plan.length === 0) return ['nothing to repair'];
  const more = plan.length - TOLD;
  return [
    ...plan
      .slice(0, TOLD)
      .map((repair) => `${paint('warn', 'to do')}  ${shown(repairText(repair))}`),
    ...(more > 0 ? [`and ${more} more`] : []),
    ...(dry ? [paint('strong', 'nothing was changed: add --yes to do it')] : []),
  ];
}

/** What came of one. */
export function repairedLine({ repair, outcome, failed }: Repaired, paint: Paint): string {
  const mark = failed ? paint('bad', 'failed') : paint('good', 'done');
  return `${mark}  ${shown(repairText(repair))}: ${shown(outcome)}`;
}

/** The same for programs. */
export interface RepairAnswer {
  readonly dry_run: boolean;
  readonly repairs: readonly object[];
}

/** Of what was done, or of what would be. */
export const repairAnswer = (
  repairs: readonly (Repair | Repaired)[],
  dryRun: boolean,
): RepairAnswer => ({
  dry_run: dryRun,
  repairs: repairs.map((one) =>
    'outcome' in one
      ? { ...repairDocument(one.repair), outcome: one.outcome, failed: one.failed }
      : repairDocument(one),
  ),
});
