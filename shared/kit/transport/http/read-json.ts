import type { z } from 'zod';
import type { CodedError, Problem } from '../../errors.ts';
import { problemsOf } from '../../problems-of.ts';
import { NumberAsWritten } from './json.ts';

/**
 * Reads a body, or another part of a request, with `schema`. Throws what `refuse` makes
 * of all its problems.
 */
export function readJson<T>(
  schema: z.ZodType<T>,
  given: unknown,
  refuse: (problems: readonly Problem[]) => CodedError,
): T {
  // To zod a NumberAsWritten is an object, which a schema without required fields would
  // accept.
  const read = schema.safeParse(given instanceof NumberAsWritten ? null : given);
  if (read.success) return read.data;
  throw refuse(problemsOf(read.error.issues));
}
