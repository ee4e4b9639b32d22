/**
 * Which characters texts may have, each said twice: by Unicode's properties, by
 * which we judge, and for a JSON Schema, whose readers differ in what they know.
 */
export interface TextRule {
  readonly regex: RegExp;
  /**
   * The source of a pattern that ECMAScript reads with and without flags, and so do
   * RE2, Python and Rust: printable ASCII, no lookahead, no `\p{…}`, no `\u…`. It
   * takes all that `regex` takes, and more where `format` is given. How long the
   * text may be stands beside it.
   */
  readonly pattern: string;
  /** Names what the pattern cannot say; `formats` says it. */
  readonly format?: string;
  /** In characters, of which an astral one is one. */
  readonly maxLength: number;
}

/** Cc. */
const controls = '\\x00-\\x1f\\x7f-\\x9f';

/** Without controls, and not all blank as far as ASCII and Latin-1 know blanks. */
const notBlank = `^[^${controls}]*[^\\x20\\xa0${controls}][^${controls}]*$`;

const VISIBLE = 'visible-text';
const ONE_LINE = 'text-in-one-line';

/** What each format asks for, in words. */
export const formats: Readonly<Record<string, string>> = {
  [VISIBLE]:
    'text of visible characters (no control or format characters, no line or paragraph separators: Unicode Cc, Cf, Zl, Zp), not all blank',
  [ONE_LINE]:
    'text in one line (no control characters, no line or paragraph separators: Unicode Cc, Zl, Zp), not all blank',
};

/** Of ids: not blank, and nothing that does not show, for two ids that look the same should be the same. */
export const printable: TextRule = {
  regex: /^(?=.*\S)[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u,
  pattern: notBlank,
  format: VISIBLE,
  maxLength: 200,
};

/** What people read may join its characters by invisible ones, as many scripts and emoji do. */
export const readable: TextRule = {
  regex: /^(?=.*\S)[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u,
  pattern: notBlank,
  format: ONE_LINE,
  maxLength: 200,
};

/** Of ids that others wrote into the log. */
export const recorded: TextRule = {
  regex: /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u,
  pattern: `^[^${controls}]+$`,
  maxLength: 200,
};

/** Of an `Idempotency-Key`. */
export const keyText: TextRule = {
  regex: /^(?=.*\S)[^\p{Cc}]{1,255}$/u,
  pattern: notBlank,
  maxLength: 255,
};
