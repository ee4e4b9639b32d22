import type { z } from 'zod';
import type { CodedError, Problem } from '../../errors.ts';
import { problemsOf } from '../../problems-of.ts';
import { NumberAsWritten } from './json.ts';

/**
 * What `schema` makes of a body, or of another part of a request. Throws what `refuse`
 * makes of all that is wrong with it.
 */
export function readJson<T>(
  schema: z.ZodType<T>,
  given: unknown,
  refuse: (problems: readonly Problem[]) => CodedError,
): T {
  // A number as written is an object to zod, in which nothing need be missing.
  const read = schema.safeParse(given instanceof NumberAsWritten ? null : given);
  if (read.success) return read.data;
  throw refuse(problemsOf(read.error.issues));
}
