/**
 * What a list of orders is narrowed to: in the page's address, in the question to the server,
 * and for rows that arrive by themselves. Pure.
 * @import { OrderRow } from '../../http/contract.ts'
 */

/** The fields, with what they are called. */
export const FIELDS = /** @type {const} */ ({
  customer_id: 'Customer',
  restaurant_id: 'Restaurant',
  min_amount: 'Amount from',
  max_amount: 'Amount to',
  older_than: 'Older than',
});

/** @typedef {keyof typeof FIELDS} Field */
/** @typedef {Partial<Record<Field | 'status' | 'overdue', string>>} Filter */

/** @param {URLSearchParams} query @returns {Filter} */
export function filterOf(query) {
  const names = [...Object.keys(FIELDS), 'status', 'overdue'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = query.get(name)?.trim();
      return value ? [[name, value]] : [];
    }),
  );
}

/** With a leading question mark, or empty. @param {Filter} filter @param {Record<string, string>} [more] */
export function queryOf(filter, more = {}) {
  const query = new URLSearchParams({ ...filter, ...more }).toString();
  return query === '' ? '' : `?${query}`;
}

/** How many of the fields are set. @param {Filter} filter */
export const narrowed = (filter) =>
  Object.keys(FIELDS).filter((name) => filter[/** @type {Field} */ (name)] !== undefined).length;

/**
 * Whether a row that arrives belongs to the list. Age and lateness come with time, so that
 * lists of old or overdue orders get no new ones: they ask again.
 * @param {Filter} filter
 * @returns {(row: OrderRow) => boolean}
 */
export function matcher(filter) {
  const amount = (/** @type {string | undefined} */ text, /** @type {number} */ otherwise) =>
    text === undefined ? otherwise : Number(text);
  const least = amount(filter.min_amount, Number.NEGATIVE_INFINITY);
  const most = amount(filter.max_amount, Number.POSITIVE_INFINITY);
  return (row) =>
    hasStatus(row, filter.status) &&
    (filter.customer_id === undefined || row.customer_id === filter.customer_id) &&
    (filter.restaurant_id === undefined || row.restaurant_id === filter.restaurant_id) &&
    Number(row.amount) >= least &&
    Number(row.amount) <= most &&
    filter.older_than === undefined &&
    filter.overdue === undefined;
}

/** @param {OrderRow} row @param {string | undefined} status */
function hasStatus(row, status) {
  if (status === undefined) return true;
  return status === 'open' ? ['Pending', 'Paid'].includes(row.status) : row.status === status;
}
