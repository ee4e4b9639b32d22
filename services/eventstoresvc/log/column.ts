/** Unit separator. No text that event-rules.ts lets through holds it: ids are printable, JSON escapes it. */
const SEPARATOR = '\x1f';

/**
 * One value of each row, as a text that `string_to_array(…, chr(31))` takes apart
 * and `unnest` makes a column of. An array's own form wants a backslash before
 * each quote of a JSON text: putting them in took a fifth of this process's
 * time, and the server had to take them out again.
 *
 * An undefined value is empty, for which `string_to_array` may be told to give
 * null. For two rows or more: of a single empty value it would make no element.
 * Throws TypeError where a value holds the separator: what follows it would be
 * taken for the next row's.
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
