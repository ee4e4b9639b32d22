/** Does an audit's repairs, one after the other. */
import type { Context } from '../../shared/kit/context.ts';
import { codedError } from '../../shared/kit/errors.ts';
import type { Audited, Hands } from './hands.ts';
import type { Repair } from './repairs.ts';
import type { AuditReport } from './report.ts';

/** The result of one repair. */
export interface Repaired {
  readonly repair: Repair;
  /** For people. */
  readonly outcome: string;
  readonly failed: boolean;
}

/**
 * Does all of `report.repairs`. One that fails says why and does not stop the others.
 * May be repeated; an audit afterwards shows what is left.
 */
export async function repairAll(
  ctx: Context,
  report: AuditReport,
  hands: Hands,
  told: (repaired: Repaired) => void = () => undefined,
): Promise<readonly Repaired[]> {
  const done: Repaired[] = [];
  let rowsFailed = false;
  for (const repair of report.repairs.listed) {
    const audited: Audited = {
      head: report.log.head,
      allRows: !rowsFailed && report.readModel.notCompared === 0 && report.repairs.dropped === 0,
    };
    const repaired = await hands(ctx, repair, audited).then(
      (outcome): Repaired => ({ repair, outcome, failed: false }),
      (error): Repaired => ({ repair, outcome: codedError(error).message, failed: true }),
    );
    rowsFailed ||= repaired.failed && repair.what === 'row';
    told(repaired);
    done.push(repaired);
  }
  return done;
}
