import type { z } from 'zod';
import type { Problem } from './errors.ts';

/** What a schema found wrong, one for each field: of one the first is enough, the others follow from it. */
export function problemsOf(
  issues: readonly Pick<z.core.$ZodIssue, 'path' | 'message'>[],
  whole = 'body',
): Problem[] {
  const problems = new Map<string, Problem>();
  for (const { path, message } of issues) {
    const field = fieldPath(path, whole);
    if (!problems.has(field)) problems.set(field, { field, message });
  }
  return [...problems.values()];
}

/** `items[0].quantity`, as the writer has it; `whole` for all of it. */
export function fieldPath(path: readonly PropertyKey[], whole = 'body'): string {
  if (path.length === 0) return whole;
  return path
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`))
    .join('');
}
