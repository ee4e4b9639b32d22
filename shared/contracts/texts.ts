/**
 * Which characters texts may have, each said twice: by Unicode's properties, by
 * which we judge, and spelled out for a JSON Schema, because many a validator
 * knows no `\p{…}`. Lone surrogates are not spelled out: a text that has one is
 * no Unicode, and most validators cannot even name them.
 */
export interface TextRule {
  readonly regex: RegExp;
  /**
   * The source of an ECMAScript pattern that Python and Rust understand too, and
   * without a lookahead, of which generators make little. How long the text may
   * be stands beside it.
   */
  readonly pattern: string;
  /** In characters, of which an astral one is one. */
  readonly maxLength: number;
}

/** Cc, Zl and Zp. */
const controls = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029';
/** Cf. The last lie beyond what four digits can name, and stand for themselves. */
const formats =
  '\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u180e\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2064\\u2066-\\u206f\\ufeff\\ufff9-\\ufffb\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}';

/** None of `unwanted`, and one at least that is not blank. */
const notBlank = (unwanted: string) => `^[^${unwanted}]*[^\\s${unwanted}][^${unwanted}]*$`;

/** Of ids: not blank, and nothing that does not show, for two ids that look the same should be the same. */
export const printable: TextRule = {
  regex: /^(?=.*\S)[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u,
  pattern: notBlank(controls + formats),
  maxLength: 200,
};

/** What people read may join its characters by invisible ones, as many scripts and emoji do. */
export const readable: TextRule = {
  regex: /^(?=.*\S)[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u,
  pattern: notBlank(controls),
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
  pattern: notBlank('\\u0000-\\u001f\\u007f-\\u009f'),
  maxLength: 255,
};
