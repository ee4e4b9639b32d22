/**
 * How a command prints what it found; nothing else in here writes to standard
 * output. Texts of the books come out as shown.ts has them.
 */
import { shownAll, shownJson } from '../shared/kit/shown.ts';

/**
 * Prints `found`: for people as `render` has it, with `json` as one line of
 * JSON, of `document(found)` where that is not what was found itself.
 */
export function print<T>(
  { json }: { readonly json?: true },
  found: T,
  render: (found: T) => string,
  document: (found: T) => unknown = (as) => as,
): void {
  if (json) printJson(JSON.stringify(document(found)));
  else console.log(render(shownAll(found)));
}

/** Prints JSON as it came, with every number as it was written. */
export function printJson(text: string): void {
  console.log(shownJson(text));
}
