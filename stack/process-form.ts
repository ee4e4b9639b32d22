import { availableParallelism } from 'node:os';
import type { ProcessForm } from './plan.ts';
import { SetupProblem } from './problem.ts';

/** Processors of a machine on which the workers share a process. */
const SMALL = 4;

/** What PROCESSES says. Throws a `SetupProblem` for anything but `each`, `few` and nothing. */
export function processForm(text: string | undefined): ProcessForm {
  if (!text) return availableParallelism() <= SMALL ? 'few' : 'each';
  if (text === 'each' || text === 'few') return text;
  throw new SetupProblem(`PROCESSES=${text} is unknown`, 'set each or few, or leave it out');
}
