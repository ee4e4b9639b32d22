/**
 * Makes stored texts safe to print. Outsiders choose them, and they must not steer the
 * terminal, or reorder or hide what an operator reads.
 */

/**
 * An emoji as people type it, which may contain invisible joiners; or one unprintable
 * character: controls (C0, DEL, C1), format characters (bidi overrides, zero width,
 * tags), line and paragraph separators, lone surrogates, and all else that a terminal
 * shows as nothing.
 */
const EMOJI_OR_UNPRINTABLE =
  /(\p{RGI_Emoji})|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gv;

/** Characters with a familiar escape. */
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * `text` on one line, safe to print: unprintable characters are written out, such as `\n`
 * and `\u{202E}`. Printable text, emoji too, stays as it is. A second call changes
 * nothing.
 */
export function shown(text: string): string {
  return text.replace(
    EMOJI_OR_UNPRINTABLE,
    (found: string, emoji?: string) =>
      emoji ?? NAMED[found] ?? `\\u{${hex(found.codePointAt(0) ?? 0)}}`,
  );
}

/** A user, with or without a password, in an address that stands in a text. */
const CREDENTIALS = /(:\/\/)[^\s"'<>\\/@]+@/g;

/** `text` with asterisks for who logs in by the addresses in it: `nats://***@host`. */
export const withoutCredentials = (text: string): string => text.replace(CREDENTIALS, '$1***@');

/** The same of a text that may have several lines. */
export const shownLines = (text: string): string => text.split('\n').map(shown).join('\n');

/** `value` with `shown` applied to every text in it, property names too. */
export function shownAll<T>(value: T): T {
  return deep(value) as T;
}

/** The same JSON, safe to print in a terminal; its layout stays. */
export function shownJson(json: string): string {
  return json.replace(EMOJI_OR_UNPRINTABLE, (found: string, emoji?: string) => {
    if (emoji !== undefined || found === '\n' || found === '\t') return found;
    // JSON escapes it inside strings, so this one is between strings.
    if (found === '\r') return ' ';
    return Array.from({ length: found.length }, (_, at) => escaped(found.charCodeAt(at))).join('');
  });
}

const hex = (codePoint: number) => codePoint.toString(16).toUpperCase().padStart(2, '0');

const escaped = (unit: number) => `\\u${unit.toString(16).padStart(4, '0')}`;

function deep(value: unknown): unknown {
  if (typeof value === 'string') return shown(value);
  if (Array.isArray(value)) return value.map(deep);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [shown(name), deep(held)]));
}

/** False for dates and other class instances, which hold no stored text. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
