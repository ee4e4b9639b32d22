/**
 * Makes stored texts safe to print: people outside choose them, and they must not
 * steer, reorder or hide what an operator reads.
 */

/**
 * An emoji as people type it, which may be joined by invisible characters; or
 * one character that is not printed: controls (C0, DEL, C1), format characters
 * (bidi overrides, zero width, tags), line and paragraph separators, lone
 * surrogates, and all else that a terminal shows as nothing.
 */
const EMOJI_OR_UNPRINTABLE =
  /(\p{RGI_Emoji})|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gv;

/** What people know by a shorter name. */
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * `text` in one line that does nothing but show: what cannot be printed is
 * written out, such as `\n` and `\u{202E}`. Printable text, emoji too, stays as
 * it is. Made safe twice it is the same.
 */
export function shown(text: string): string {
  return text.replace(
    EMOJI_OR_UNPRINTABLE,
    (found: string, emoji?: string) =>
      emoji ?? NAMED[found] ?? `\\u{${hex(found.codePointAt(0) ?? 0)}}`,
  );
}

/** `value` with every text in it, names of properties too, as `shown` has it. */
export function shownAll<T>(value: T): T {
  return deep(value) as T;
}

/** JSON text that means the same and does nothing to a terminal; its layout stays. */
export function shownJson(json: string): string {
  return json.replace(EMOJI_OR_UNPRINTABLE, (found: string, emoji?: string) => {
    if (emoji !== undefined || found === '\n' || found === '\t') return found;
    // Inside a text JSON has it written out already: this one is between texts.
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

/** Dates, and whatever else has methods of its own, holds no texts of the books. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
