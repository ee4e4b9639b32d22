/** What an audit found: figures, and whatever does not agree. */

/** The books that are compared; each discrepancy is named by the one that is wrong. */
export type Book = 'log' | 'orders' | 'stream' | 'read model' | 'ledger' | 'money';

/** One thing that is not as it should be. */
export interface Discrepancy {
  readonly book: Book;
  /** For people: where, what is there and what should be. */
  readonly message: string;
}

/** Money is in minor units of the configured currency, positions and counts as such. */
export interface AuditReport {
  readonly log: {
    /** Position of the last event that was looked at. */
    readonly head: bigint;
    readonly events: number;
    /** Events of known types that cannot be read; everyone passes over them. */
    readonly unreadable: number;
  };
  readonly orders: {
    readonly accepted: number;
    readonly ended: number;
    /** Still waited for, within their deadlines. */
    readonly open: number;
    /** Waited for beyond their deadlines; each is a discrepancy. */
    readonly stuck: number;
    /** What all accepted orders cost. */
    readonly amount: bigint;
  };
  readonly stream: {
    /** How far the relay had come; message by message it is the log up to there, unless told otherwise. */
    readonly published: bigint;
    /** Of the log's head; wrong only where the oldest of these events has been missing for longer than the grace. */
    readonly behind: bigint;
  };
  readonly readModel: {
    readonly checkpoint: bigint;
    /** As of the stream. */
    readonly behind: bigint;
    readonly compared: number;
    /** Orders that could not be compared, because the read model is far behind. */
    readonly notCompared: number;
  };
  readonly ledger: {
    readonly lines: number;
    readonly debited: bigint;
    readonly voided: bigint;
    /** debited − voided. */
    readonly kept: bigint;
    /** What the approved orders of the log cost that were paid for. */
    readonly approved: bigint;
    /** Kept for orders that are open or to be paid back: kept − approved. */
    readonly underWay: bigint;
    /** Lines that could not be compared, because too many orders were under way. */
    readonly notCompared: number;
  };
  /** All there are. */
  readonly discrepancyCount: number;
  /** The first of each book. */
  readonly discrepancies: readonly Discrepancy[];
}

/** Discrepancies of one book that are kept; more say no more. */
const LISTED = 20;

/** Collects discrepancies in bounded memory. */
export interface Findings {
  add(book: Book, message: string): void;
  readonly count: number;
  readonly listed: readonly Discrepancy[];
}

/** Finds nothing yet. */
export function createFindings(): Findings {
  const listed: Discrepancy[] = [];
  const counts = new Map<Book, number>();
  let count = 0;
  return {
    add(book, message) {
      count++;
      const of = (counts.get(book) ?? 0) + 1;
      counts.set(book, of);
      if (of <= LISTED) listed.push({ book, message });
    },
    get count() {
      return count;
    },
    get listed() {
      return listed;
    },
  };
}
