import type { z } from 'zod';
import type { Problem } from './errors.ts';

/** What a schema found wrong: the first problem of each field, because the others follow from it. */
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

/** `items[0].quantity`, as the caller writes it; `whole` for an empty path. */
export function fieldPath(path: readonly PropertyKey[], whole = 'body'): string {
  if (path.length === 0) return whole;
  return path
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`))
    .join('');
}
