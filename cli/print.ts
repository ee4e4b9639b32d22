/**
 * How a command prints its result; beside this only watch/screen.ts writes to standard
 * output. shown.ts makes stored texts safe.
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

/** Prints a text of our own, with its lines as they are. */
export function printText(text: string): void {
  process.stdout.write(text);
}

/** Prints JSON unchanged, so that numbers keep their digits. */
export function printJson(text: string): void {
  console.log(shownJson(text));
}
