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

/** JSON that is already text: it is sent unchanged, digits, order and all. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** The standard's signature; TypeScript's library does not have the third argument yet. */
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;

const keepNumbers: Reviver = (_key, value, context) =>
  typeof value === 'number' ? new NumberAsWritten(context.source ?? String(value)) : value;

/**
 * Parses JSON with every number as a NumberAsWritten. Throws CodedError `malformed` (code
 * `malformed_json`) for invalid JSON, for an object that has one name twice, and for
 * nesting so deep that it must be an attack. The message gives line and column if they
 * are known, and nothing of the text.
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
 * Where an object repeats a name, in text known to be JSON. Readers disagree on which of
 * the two counts (RFC 8259, 4), so one program could check what another does not read.
 */
function repeatedName(json: string): number | undefined {
  /** Names of each object that is open; an array has none. */
  const open: Set<string>[] = [];
  let last = { token: '', at: 0 };
  for (const { 0: token, index: at } of json.matchAll(tokens)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      // A name can be written in several ways: `a` and `\u0061`.
      const name = JSON.parse(last.token) as string;
      const names = open.at(-1);
      if (names?.has(name)) return last.at;
      names?.add(name);
    } else last = { token, at };
  }
  return undefined;
}

/** Where the fault is, as far as V8 says. The rest of its message repeats the text, so it is dropped. */
function place(said: string): string {
  if (said === 'Unexpected end of JSON input') return ': it ends too early';
  const [, line, column] = /at position \d+ \(line (\d+) column (\d+)\)$/.exec(said) ?? [];
  return line === undefined ? '' : `: look at line ${line}, column ${column}`;
}
