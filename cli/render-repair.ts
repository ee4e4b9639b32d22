/** A repair's plan and result, as lines for people and as a document for programs. */

import { shown } from '../shared/kit/shown.ts';
import type { Repaired } from './audit/repair.ts';
import { type Repair, repairDocument, repairText } from './audit/repairs.ts';
import type { Paint } from './paint.ts';

/** The most planned repairs that are listed; each is printed when it is done. */
const TOLD = 50;

/** The plan; `dry`: with the option that executes it. */
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

/** The result of one. */
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
