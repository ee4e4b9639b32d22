/**
 * The rows of a live list: what is overdue first, then the newest. It holds a bounded number,
 * changes rows where they stand, and lets new ones in only when it is told to: until then
 * they wait, and nothing moves under the eyes of who reads. Pure, but for its own state.
 * @import { OrderRow } from '../../http/contract.ts'
 */

/** As many as one page of the server's list. */
const SHOWN = 50;
/** More that come at once are no news, one by one. */
const NEWS = 10;
/** With older pages that somebody asked for. */
const MOST = 500;

/**
 * @typedef {object} Shown
 * @property {OrderRow} row
 * @property {boolean} fresh came in with the last batch, which was a small one
 * @property {boolean} gone no longer what the filter asks for; leaves with the next batch
 */

/** Whether its wait has ended without an answer. @param {OrderRow} row @param {number} now */
export const isOverdue = (row, now) =>
  row.waits_for !== undefined && row.due_at !== undefined && Date.parse(row.due_at) <= now;

/**
 * `row` with the customer of an earlier one: live rows lack it where the log has it sealed, and
 * it never changes.
 * @param {OrderRow} row @param {OrderRow | undefined} known @returns {OrderRow}
 */
export const withCustomer = (row, known) =>
  row.customer_id === undefined && known?.customer_id !== undefined
    ? { ...row, customer_id: known.customer_id }
    : row;

export class OrderRows {
  /** @type {Shown[]} */
  shown = [];
  /** @type {Map<string, OrderRow>} */
  #waiting = new Map();
  #missed = 0;
  /** @type {(row: OrderRow) => boolean} */
  #matches;

  /** @param {(row: OrderRow) => boolean} matches the filter, for rows that were not asked for */
  constructor(matches) {
    this.#matches = matches;
  }

  /** How many new orders wait to be let in; more may have come than it keeps. */
  get waiting() {
    return this.#waiting.size + this.#missed;
  }

  /**
   * Begins with these. What is known of them in a newer version stays, and so do new ones that
   * the list lacks: they came after it was read.
   * @param {readonly OrderRow[]} rows @param {number} now
   */
  start(rows, now) {
    const shown = new Map(this.shown.map(({ row }) => [row.order_id, row]));
    const begun = rows.map((row) => {
      const known = this.#waiting.get(row.order_id) ?? shown.get(row.order_id);
      this.#waiting.delete(row.order_id);
      if (known === undefined || known.version <= row.version) return still(row);
      const newer = withCustomer(known, row);
      return { ...still(newer), gone: !this.#matches(newer) };
    });
    this.#missed = 0;
    this.shown = sorted(begun, now);
  }

  /** Appends a page of older ones; the oldest beyond 500 are not kept. @param {readonly OrderRow[]} rows */
  older(rows) {
    const known = new Set(this.shown.map(({ row }) => row.order_id));
    const more = rows.filter(({ order_id }) => !known.has(order_id));
    this.shown = [...this.shown, ...more.map(still)].slice(0, MOST);
  }

  /**
   * Takes what changed, the last change first: shown rows change where they stand, the others
   * wait. Of an order that is known in a newer version nothing changes.
   * @param {readonly OrderRow[]} rows
   */
  change(rows) {
    const places = new Map(this.shown.map((one, index) => [one.row.order_id, index]));
    for (const row of [...rows].reverse()) {
      const place = places.get(row.order_id);
      const known = place === undefined ? undefined : this.shown[place];
      if (place !== undefined && known !== undefined) {
        if (known.row.version > row.version) continue;
        const named = withCustomer(row, known.row);
        this.shown[place] = { ...known, row: named, gone: !this.#matches(named) };
      } else this.#wait(withCustomer(row, this.#waiting.get(row.order_id)));
    }
  }

  /** @param {OrderRow} row */
  #wait(row) {
    const known = this.#waiting.get(row.order_id);
    if (known !== undefined && known.version > row.version) return;
    this.#waiting.delete(row.order_id);
    if (!this.#matches(row)) return;
    // An old order that changes is news only where it is missing at the top.
    const last = this.shown.at(-1)?.row;
    if (this.shown.length >= SHOWN && last && row.created_at < last.created_at) return;
    this.#waiting.set(row.order_id, row);
    if (this.#waiting.size <= SHOWN) return;
    const [oldest] = this.#waiting.keys();
    if (oldest !== undefined) this.#waiting.delete(oldest);
    this.#missed++;
  }

  /**
   * Lets in what waits, lets go what no longer fits, and puts first what became overdue.
   * Returns how many came in.
   * @param {number} now
   */
  settle(now) {
    const came = [...this.#waiting.values()];
    const moved =
      came.length > 0 || this.shown.some(({ gone }) => gone) || !inOrder(this.shown, now);
    if (!moved) return 0;
    const stay = this.shown.filter(({ gone }) => !gone).map(({ row }) => still(row));
    const rows = came.map((row) => ({ row, fresh: came.length <= NEWS, gone: false }));
    const keep = came.length > 0 ? SHOWN : MOST;
    this.shown = sorted([...rows, ...stay], now).slice(0, keep);
    this.#waiting.clear();
    this.#missed = 0;
    return came.length;
  }
}

/** @param {OrderRow} row @returns {Shown} */
const still = (row) => ({ row, fresh: false, gone: false });

/** Negative: `a` stands above. @param {OrderRow} a @param {OrderRow} b @param {number} now */
function compare(a, b, now) {
  const [lateA, lateB] = [isOverdue(a, now), isOverdue(b, now)];
  if (lateA !== lateB) return lateA ? -1 : 1;
  if (lateA) return text(a.due_at ?? '', b.due_at ?? '') || text(a.order_id, b.order_id);
  return text(b.created_at, a.created_at) || text(b.order_id, a.order_id);
}

const text = (/** @type {string} */ a, /** @type {string} */ b) => (a < b ? -1 : a > b ? 1 : 0);

/** @param {readonly Shown[]} rows @param {number} now */
const sorted = (rows, now) => [...rows].sort((a, b) => compare(a.row, b.row, now));

/** @param {readonly Shown[]} rows @param {number} now */
const inOrder = (rows, now) =>
  rows.every((one, index) => {
    const next = rows[index + 1];
    return next === undefined || compare(one.row, next.row, now) <= 0;
  });
