/** What an audit found: figures, and whatever is not as it should be. */
import { createRepairs, type Repair, type Repairs } from './repairs.ts';

/** The books that are compared; each finding is named by the one that it is about. */
export type Book =
  | 'log'
  | 'orders'
  | 'money'
  | 'stream'
  | 'read model'
  | 'ledger'
  | 'checkpoints'
  | 'deadlines'
  | 'dead letters';

/**
 * `wrong`: the book is. `differs`: it and another book do, and nobody can know
 * which of them is right; both are evidence.
 */
export type Fault = 'wrong' | 'differs';

/** One thing that is not as it should be. */
export interface Discrepancy {
  readonly book: Book;
  readonly fault: Fault;
  /** For people: where, what is there and what should be. */
  readonly message: string;
  /** `ordersctl audit --repair` can put it right. */
  readonly repairable: boolean;
}

/** Nothing is wrong with it, but it waits for a person, or for longer than it should. */
export interface Waiting {
  readonly book: Book;
  readonly message: string;
  readonly repairable: boolean;
}

/** A book that could not be read, or not to its end, and why. */
export interface Unread {
  readonly book: Book;
  readonly message: string;
}

/** The verdict of an audit, the worst of its findings; each has its own exit code. */
export type Verdict = 'right' | 'waiting' | 'unreachable' | 'wrong';

/** Money is in minor units of the configured currency, positions and counts as such. */
export interface AuditReport {
  readonly log: {
    /** Position of the last event that was looked at. */
    readonly head: bigint;
    readonly events: number;
    /** Events of known types that cannot be read; each is told. */
    readonly unreadable: number;
  };
  readonly orders: {
    readonly accepted: number;
    readonly ended: number;
    /** Still waited for, within their time. */
    readonly open: number;
    /** Waited for beyond their time; each is among what waits. */
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
    /** Events that the projection recorded as unreadable. */
    readonly failures: number;
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
  readonly deadlines: {
    readonly set: number;
    /** Orders whose deadlines could not be compared, because too much is under way. */
    readonly notCompared: number;
  };
  /** Consumers whose place was compared. */
  readonly checkpoints: { readonly compared: number };
  readonly deadLetters: { readonly parked: number };
  /** All there are. */
  readonly discrepancyCount: number;
  /** The first of each book. */
  readonly discrepancies: readonly Discrepancy[];
  readonly waitingCount: number;
  /** The first of each book. */
  readonly waiting: readonly Waiting[];
  readonly unread: readonly Unread[];
  /** What would put right what is derived, each once. */
  readonly repairs: Repairs;
}

/** The worst that `report` tells of: what is wrong says more than what could not be read. */
export function verdictOf(
  report: Pick<AuditReport, 'discrepancyCount' | 'unread' | 'waitingCount'>,
): Verdict {
  if (report.discrepancyCount > 0) return 'wrong';
  if (report.unread.length > 0) return 'unreachable';
  return report.waitingCount > 0 ? 'waiting' : 'right';
}

/** Findings of one book that are kept; more say no more. */
const LISTED = 20;

/** Orders in dispute that are known by name; beyond, all are. */
const DISPUTED = 10_000;

/** Of a finding that is about one order, or that can be put right. */
export interface About {
  /** A copy that differs from a disputed order is not called wrong, nor repaired. */
  readonly orderId?: string;
  readonly fault?: Fault;
  readonly repair?: Repair;
}

/** Collects what is found, in bounded memory. */
export interface Findings {
  add(book: Book, message: string, about?: About): void;
  waits(book: Book, message: string, repair?: Repair): void;
  unread(book: Book, message: string): void;
  /** Log and stream tell of this order differently: which is right nobody can know. */
  dispute(orderId: string): void;
  /** The log may have lost its end. */
  lostEnd(): void;
  readonly result: Pick<
    AuditReport,
    'discrepancyCount' | 'discrepancies' | 'waitingCount' | 'waiting' | 'unread' | 'repairs'
  >;
}

/** Finds nothing yet. */
export function createFindings(): Findings {
  const repairs = createRepairs();
  const discrepancies = listOf<Discrepancy>();
  const waiting = listOf<Waiting>();
  const unread = new Map<Book, Unread>();
  const disputed = new Set<string>();
  return {
    add(book, message, { orderId, fault = 'wrong', repair } = {}) {
      const inDispute =
        orderId !== undefined && (disputed.has(orderId) || disputed.size >= DISPUTED);
      const repairable = repair !== undefined && !inDispute && fault === 'wrong';
      discrepancies.add({
        book,
        fault: inDispute ? 'differs' : fault,
        message: inDispute ? `${message}; log and stream disagree about this order` : message,
        repairable,
      });
      if (repairable) repairs.add(repair);
      if (fault === 'differs' && book === 'stream') repairs.evidence('stream');
    },
    waits(book, message, repair) {
      waiting.add({ book, message, repairable: repair !== undefined });
      if (repair !== undefined) repairs.add(repair);
    },
    unread: (book, message) => void unread.set(book, { book, message }),
    dispute(orderId) {
      if (disputed.size < DISPUTED) disputed.add(orderId);
    },
    lostEnd: () => repairs.evidence('log'),
    get result() {
      return {
        discrepancyCount: discrepancies.count,
        discrepancies: discrepancies.listed,
        waitingCount: waiting.count,
        waiting: waiting.listed,
        unread: [...unread.values()],
        repairs: {
          listed: repairs.listed,
          dropped: repairs.dropped,
          withheld: repairs.withheld,
        },
      };
    },
  };
}

function listOf<T extends { readonly book: Book }>() {
  const listed: T[] = [];
  const counts = new Map<Book, number>();
  let count = 0;
  return {
    add(one: T) {
      count++;
      const of = (counts.get(one.book) ?? 0) + 1;
      counts.set(one.book, of);
      if (of <= LISTED) listed.push(one);
    },
    get count() {
      return count;
    },
    get listed(): readonly T[] {
      return listed;
    },
  };
}
