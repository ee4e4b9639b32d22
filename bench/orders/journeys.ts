/** When each order of ours ended, and how. Times are milliseconds of `performance.now()`. */
export interface Journeys {
  /** An order was accepted; may be told before or after its end. */
  began(orderId: string, sentAt: number): void;
  /** Somebody's order ended. Only the first end of an order counts. */
  ended(orderId: string, how: Ending, at: number): void;
  /** Orders of ours that have not ended. */
  readonly open: number;
  /** How many of ours ended in each way. */
  readonly endings: Readonly<Record<Ending, number>>;
  /** From sending to Approved, of each. */
  readonly approvedMs: readonly number[];
  /** Of the last end of ours; undefined before. */
  readonly lastEndAt: number | undefined;
}

/** In the words of an order's status. */
export type Ending = 'Approved' | 'Rejected' | 'Cancelled' | 'PaymentFailed';

/**
 * An end can be seen before the answer that accepts the order is. Ends of other
 * people's orders look the same and are forgotten in time: ours wait for an answer
 * that is on its way.
 */
const MOST_UNKNOWN = 100_000;

/** Knows of no order yet. */
export function createJourneys(): Journeys {
  const sent = new Map<string, number>();
  const unknown = new Map<string, readonly [Ending, number]>();
  const endings = { Approved: 0, Rejected: 0, Cancelled: 0, PaymentFailed: 0 };
  const approvedMs: number[] = [];
  let lastEndAt: number | undefined;

  function count(how: Ending, sentAt: number, at: number): void {
    endings[how]++;
    if (how === 'Approved') approvedMs.push(at - sentAt);
    lastEndAt = Math.max(lastEndAt ?? at, at);
  }

  return {
    began(orderId, sentAt) {
      const end = unknown.get(orderId);
      if (end === undefined) {
        sent.set(orderId, sentAt);
        return;
      }
      unknown.delete(orderId);
      count(end[0], sentAt, end[1]);
    },
    ended(orderId, how, at) {
      const sentAt = sent.get(orderId);
      if (sentAt !== undefined) {
        sent.delete(orderId);
        count(how, sentAt, at);
        return;
      }
      if (!unknown.has(orderId)) unknown.set(orderId, [how, at]);
      if (unknown.size <= MOST_UNKNOWN) return;
      const [oldest] = unknown.keys();
      if (oldest !== undefined) unknown.delete(oldest);
    },
    get open() {
      return sent.size;
    },
    endings,
    approvedMs,
    get lastEndAt() {
      return lastEndAt;
    },
  };
}
