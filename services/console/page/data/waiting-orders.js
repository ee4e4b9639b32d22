/**
 * The orders that wait for a restaurant's decision, from two sources of which neither is
 * always the newer one: the list that is asked for, and the changes that arrive. Bounded. Pure,
 * but for its own state.
 * @import { OrderRow } from '../../http/contract.ts'
 */
import { withCustomer } from './order-rows.js';

/** Nobody decides more of them before the list is asked for again. */
const MOST = 200;
/** A list that was read before an order ended arrives within seconds. */
const ENDED_KEPT = 1_000;

export class WaitingOrders {
  /** @type {Map<string, OrderRow>} */
  #waiting = new Map();
  /** Those that the last list lacked. @type {Set<string>} */
  #missed = new Set();
  /** The versions in which orders were seen to wait no more. @type {Map<string, number>} */
  #ended = new Map();

  /** Those due first stand first. @returns {readonly OrderRow[]} */
  get rows() {
    const due = (/** @type {OrderRow} */ row) => row.due_at ?? row.created_at;
    return [...this.#waiting.values()].sort((a, b) => (due(a) < due(b) ? -1 : 1));
  }

  /** Takes the whole list as it was a moment ago. @param {readonly OrderRow[]} rows */
  list(rows) {
    const before = this.#waiting;
    this.#waiting = new Map();
    for (const row of rows) {
      const known = before.get(row.order_id);
      this.#take(
        known !== undefined && known.version > row.version ? withCustomer(known, row) : row,
      );
    }
    // What came after the list was read is missing there, but not in the next list.
    const missed = this.#missed;
    const listed = new Set(rows.map(({ order_id }) => order_id));
    this.#missed = new Set();
    for (const [id, row] of before) {
      if (listed.has(id) || missed.has(id)) continue;
      this.#missed.add(id);
      this.#take(row);
    }
  }

  /** Takes changes, the last one first. @param {readonly OrderRow[]} rows */
  change(rows) {
    for (const row of [...rows].reverse()) this.#take(row);
  }

  /** Somebody decided about it here. @param {OrderRow} row */
  decided(row) {
    this.#end(row.order_id, row.version);
  }

  /** The decision was refused: it waits as before, if it has not ended meanwhile. @param {OrderRow} row */
  undecided(row) {
    if ((this.#ended.get(row.order_id) ?? 0) > row.version) return;
    this.#ended.delete(row.order_id);
    this.#take(row);
  }

  /** @param {OrderRow} row */
  #take(row) {
    const { order_id, version, status } = row;
    if ((this.#ended.get(order_id) ?? 0) >= version) return;
    if (status !== 'Paid') this.#end(order_id, version);
    else if (this.#waiting.has(order_id) || this.#waiting.size < MOST) {
      this.#waiting.set(order_id, withCustomer(row, this.#waiting.get(order_id)));
    }
  }

  /** @param {string} id @param {number} version */
  #end(id, version) {
    this.#waiting.delete(id);
    this.#ended.delete(id);
    this.#ended.set(id, version);
    if (this.#ended.size <= ENDED_KEPT) return;
    const [first] = this.#ended.keys();
    if (first !== undefined) this.#ended.delete(first);
  }
}
