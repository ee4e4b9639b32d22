import { codedError, type Kind } from '../shared/kit/errors.ts';
import type { Verdict } from './audit/report.ts';
import { UsageError } from './option.ts';

/** The exit codes, for scripts. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usedWrongly: 2,
  notFound: 3,
  refused: 4,
  booksDiffer: 5,
  waiting: 6,
} as const;

/** For `--help`. */
export const EXIT_CODES_HELP = `
Exit codes: 0 done; 1 failed, or a service is away; 2 wrong usage; 3 not found;
4 refused: the request is not valid or not allowed, or not in the order's state;
5 books differ (audit); 6 nothing is wrong, but something waits for a person or
too long (audit).`;

/** The exit codes of an audit: a book that cannot be read counts as a service that is away. */
export const auditExitCodes = {
  right: exitCodes.done,
  unreachable: exitCodes.failed,
  wrong: exitCodes.booksDiffer,
  waiting: exitCodes.waiting,
} as const satisfies Record<Verdict, number>;

const refusals: readonly Kind[] = [
  'malformed',
  'invalid',
  'unauthenticated',
  'forbidden',
  'misdirected',
  'too_large',
  'already_exists',
  'conflict',
  'precondition_failed',
];

/** The exit code for a command's error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usedWrongly;
  const { kind } = codedError(error);
  if (kind === 'not_found') return exitCodes.notFound;
  return refusals.includes(kind) ? exitCodes.refused : exitCodes.failed;
}
