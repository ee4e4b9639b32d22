/**
 * Which characters texts may have, each rule in two forms: with Unicode's properties for
 * our own checks, and for a JSON Schema, whose readers differ in what they know.
 */
export interface TextRule {
  readonly regex: RegExp;
  /**
   * The source of a pattern that ECMAScript reads with and without flags, and so do RE2,
   * Python and Rust: printable ASCII, no lookahead, no `\p{…}`, no `\u…`. It accepts all
   * that `regex` accepts, and more if `format` is given. `maxLength` limits the length.
   */
  readonly pattern: string;
  /** Names what the pattern cannot express; `formats` explains it. */
  readonly format?: string;
  /** In characters; an astral one counts as one. */
  readonly maxLength: number;
}

/** Cc. */
const controls = '\\x00-\\x1f\\x7f-\\x9f';

/** No controls, and not all blank, as far as ASCII and Latin-1 define blanks. */
const notBlank = `^[^${controls}]*[^\\x20\\xa0${controls}][^${controls}]*$`;

const VISIBLE = 'visible-text';
const ONE_LINE = 'text-in-one-line';

/** What each format requires, in words. */
export const formats: Readonly<Record<string, string>> = {
  [VISIBLE]:
    'text of visible characters (no control or format characters, no line or paragraph separators: Unicode Cc, Cf, Zl, Zp), not all blank',
  [ONE_LINE]:
    'text in one line (no control characters, no line or paragraph separators: Unicode Cc, Zl, Zp), not all blank',
};

/** For ids: not blank, and nothing invisible, because two ids that look the same should be the same. */
export const printable: TextRule = {
  regex: /^(?=.*\S)[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u,
  pattern: notBlank,
  format: VISIBLE,
  maxLength: 200,
};

/**
 * For texts that people read: invisible characters may join others, as many scripts and
 * emoji need.
 */
export const readable: TextRule = {
  regex: /^(?=.*\S)[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u,
  pattern: notBlank,
  format: ONE_LINE,
  maxLength: 200,
};

/** For ids that others wrote into the log. */
export const recorded: TextRule = {
  regex: /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u,
  pattern: `^[^${controls}]+$`,
  maxLength: 200,
};

/** For an `Idempotency-Key`. */
export const keyText: TextRule = {
  regex: /^(?=.*\S)[^\p{Cc}]{1,255}$/u,
  pattern: notBlank,
  maxLength: 255,
};
