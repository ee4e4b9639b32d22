/**
 * The product at parts of its own capacity, which is what it completes from 64 callers:
 * at 0.6 of it, at three times of it, and at 0.6 again, right after.
 */
import { type CapacityPlan, type Condition, closed, open } from './plan.ts';
import type { Row } from './report/report.ts';

const CALLERS = 64;

/** In the order in which they are measured. */
export const stages = {
  steady: '0.6 of its capacity',
  overloaded: '3 times its capacity',
  after: '0.6 of it again',
} as const;

/** How many rounds that is. */
export const CAPACITY_ROUNDS = Object.keys(stages).length + 1;

/** @param measure measures one round of the product, and makes a row of this name */
export async function measureCapacity(
  { steadyMs, overloadMs }: CapacityPlan,
  measure: (condition: Condition, name: string) => Promise<Row>,
): Promise<Row[]> {
  const { figures } = await measure(closed(CALLERS, steadyMs), 'its capacity');
  const capacity = figures.completedPerSecond.median;
  const at = (share: number, ms: number, name: string) =>
    measure(open('capacity', Math.max(1, Math.round(share * capacity)), ms), name);
  return [
    await at(0.6, steadyMs, stages.steady),
    await at(3, overloadMs, stages.overloaded),
    await at(0.6, steadyMs, stages.after),
  ];
}
