import { CodedError } from '../../errors.ts';

/**
 * A number as the sender wrote it. JavaScript's numbers lose digits that JSON
 * allows (`12.10`, `0.1000000000000000055`, `9007199254740993`), so code
 * that checks a number reads its text.
 */
export class NumberAsWritten {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** JSON that somebody wrote already: it is sent as it is, digits, order and all. */
export class JsonText {
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
 * `malformed` (code `malformed_json`) for what is no JSON, for an object that has
 * one name twice, and for what is nested so deeply that it can only be meant to
 * do harm. The message tells the
 * line and column where they are known, and nothing of the text.
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = parse(text, keepNumbers);
  } catch (cause) {
    const message = `The body is not valid JSON${place((cause as Error).message)}.`;
    throw new CodedError('malformed', 'malformed_json', message, { cause });
  }
  const at = repeatedName(text);
  if (at === undefined) return value;
  const before = text.slice(0, at).split('\n');
  throw new CodedError(
    'malformed',
    'malformed_json',
    `An object of the body has the same name twice: look at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}.`,
  );
}

/** A string, or a character that begins or ends an object or array, or follows a name. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/g;

/**
 * Where a name begins that its object has already, in text that is known to be
 * JSON. Which of the two counts depends on the reader (RFC 8259, 4), so what one
 * program checked another would not have read.
 */
function repeatedName(json: string): number | undefined {
  /** Names of each object that is open; an array has none. */
  const open: Set<string>[] = [];
  let last = { token: '', at: 0 };
  for (const { 0: token, index: at } of json.matchAll(tokens)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      // Names may be written in different ways: `a` and `\u0061`.
      const name = JSON.parse(last.token) as string;
      const names = open.at(-1);
      if (names?.has(name)) return last.at;
      names?.add(name);
    } else last = { token, at };
  }
  return undefined;
}

/** Where the fault is, as far as V8 says it. Its other words are not passed on: they repeat the text. */
function place(said: string): string {
  if (said === 'Unexpected end of JSON input') return ': it ends too early';
  const [, line, column] = /at position \d+ \(line (\d+) column (\d+)\)$/.exec(said) ?? [];
  return line === undefined ? '' : `: look at line ${line}, column ${column}`;
}
