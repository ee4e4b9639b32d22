import { CodedError } from '../errors.ts';

/**
 * A number as the sender wrote it. JavaScript's numbers lose digits that JSON
 * allows (`12.10`, `0.1000000000000000055`, `9007199254740993`), so whoever
 * judges a number reads its text.
 */
export class NumberAsWritten {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** As the standard has it; TypeScript's library does not know of the third argument yet. */
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;

const keepNumbers: Reviver = (_key, value, context) =>
  typeof value === 'number' ? new NumberAsWritten(context.source ?? String(value)) : value;

/**
 * Parses JSON with every number as a NumberAsWritten. Throws CodedError
 * `malformed` (code `malformed_json`) for what is no JSON, and for what is
 * nested so deeply that it can only be meant to do harm. The message tells the
 * line and column where they are known, and nothing of the text.
 */
export function parseJson(text: string): unknown {
  try {
    return parse(text, keepNumbers);
  } catch (cause) {
    const message = `The body is not valid JSON${place((cause as Error).message)}.`;
    throw new CodedError('malformed', 'malformed_json', message, { cause });
  }
}

/** Where the fault is, as far as V8 says it. Its other words are not passed on: they repeat the text. */
function place(said: string): string {
  if (said === 'Unexpected end of JSON input') return ': it ends too early';
  const [, line, column] = /at position \d+ \(line (\d+) column (\d+)\)$/.exec(said) ?? [];
  return line === undefined ? '' : `: look at line ${line}, column ${column}`;
}
