/** Unit separator. No text that passes event-rules.ts contains it: ids are printable, and JSON escapes it. */
const SEPARATOR = '\x1f';

/**
 * One value of each row as a single text, for `unnest(string_to_array(…, chr(31)))`.
 * The array syntax would need a backslash before every quote in JSON: adding them took
 * a fifth of this process's time, and the server had to remove them again.
 *
 * An undefined value becomes an empty text, which `string_to_array` can turn into null.
 * Needs two rows or more, because a single empty text makes an empty array. Throws
 * TypeError for a value that contains the separator, which would split the row.
 */
export function column<Row>(
  rows: readonly Row[],
  value: (row: Row) => string | bigint | undefined,
): string {
  const values = rows.map((row) => {
    const text = String(value(row) ?? '');
    if (text.includes(SEPARATOR)) {
      throw new TypeError('A value of a batch holds U+001F, which separates the values.');
    }
    return text;
  });
  return values.join(SEPARATOR);
}
