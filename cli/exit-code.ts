import { codedError, type Kind } from '../shared/kit/errors.ts';
import { UsageError } from './option.ts';

/** What the command's exit code says to scripts. */
export const exitCodes = { done: 0, failed: 1, usedWrongly: 2, notFound: 3, refused: 4 } as const;

/** For `--help`. */
export const EXIT_CODES_HELP = `
Exit codes: 0 done, 1 failed or a service is away, 2 used wrongly, 3 not found,
4 refused: the request is not valid, or the order's state does not allow it.`;

const refusals: readonly Kind[] = [
  'malformed',
  'invalid',
  'too_large',
  'already_exists',
  'conflict',
  'precondition_failed',
];

/** The exit code for what a command rejected with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usedWrongly;
  const { kind } = codedError(error);
  if (kind === 'not_found') return exitCodes.notFound;
  return refusals.includes(kind) ? exitCodes.refused : exitCodes.failed;
}
