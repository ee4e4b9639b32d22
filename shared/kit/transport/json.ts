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
 * nested so deeply that it can only be meant to do harm.
 */
export function parseJson(text: string): unknown {
  try {
    return parse(text, keepNumbers);
  } catch (cause) {
    throw new CodedError('malformed', 'malformed_json', 'The body is not valid JSON.', { cause });
  }
}
