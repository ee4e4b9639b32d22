import type { Verdict } from './report.ts';

/** On a machine of which others take more, figures are theirs as much as ours. */
export const MOST_OF_OTHERS = 0.05;

/** @param others the part of the machine, 0 to 1, that others took in each round */
export function verdictOf(others: readonly number[]): Verdict {
  const disturbed = others.filter((share) => share > MOST_OF_OTHERS).length;
  return {
    given: disturbed === 0,
    others: Math.max(0, ...others),
    disturbed,
    rounds: others.length,
  };
}

/** For people. */
export function verdictText({ given, others, disturbed, rounds }: Verdict): string {
  const most = `${(100 * others).toFixed(1)}%`;
  const allowed = `${100 * MOST_OF_OTHERS}%`;
  return given
    ? `other processes used at most ${most} of the machine, so the figures count`
    : `no verdict: other processes used more than ${allowed} of the machine in ${disturbed} of ${rounds} rounds (at most ${most})`;
}
