/** The result of an audit: figures and findings. */
import { createRepairs, type Repair, type Repairs } from './repairs.ts';

/** The compared books; each finding belongs to one. */
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
 * `wrong`: the book is wrong. `differs`: it disagrees with another book, and nobody can know
 * which is right; both are evidence.
 */
export type Fault = 'wrong' | 'differs';

/** One finding. */
export interface Discrepancy {
  readonly book: Book;
  readonly fault: Fault;
  /** For people: where, what is there, and what should be. */
  readonly message: string;
  /** `ordersctl audit --repair` can repair it. */
  readonly repairable: boolean;
}

/** Nothing is wrong, but it waits for a person, or for too long. */
export interface Waiting {
  readonly book: Book;
  readonly message: string;
  readonly repairable: boolean;
}

/** A book that could not be read completely, and why. */
export interface Unread {
  readonly book: Book;
  readonly message: string;
}

/** The verdict of an audit, the worst of its findings; each has its own exit code. */
export type Verdict = 'right' | 'waiting' | 'unreachable' | 'wrong';

/** Money is in minor units of the configured currency. */
export interface AuditReport {
  readonly log: {
    /** Position of the last event that was read. */
    readonly head: bigint;
    readonly events: number;
    /** Events of known types that cannot be read; each is a finding. */
    readonly unreadable: number;
  };
  readonly orders: {
    readonly accepted: number;
    readonly ended: number;
    /** Open orders within their time. */
    readonly open: number;
    /** Open orders beyond their time; each is a finding that waits. */
    readonly stuck: number;
    /** The total of all accepted orders. */
    readonly amount: bigint;
  };
  readonly stream: {
    /**
     * How far the relay has published; up to there each message equals the log, except for
     * findings.
     */
    readonly published: bigint;
    /**
     * Events behind the log's head; a finding only if the oldest has been missing for longer
     * than the grace period.
     */
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
    /** The total of the log's approved and paid orders. */
    readonly approved: bigint;
    /** Kept for orders that are open or to be refunded: kept − approved. */
    readonly underWay: bigint;
    /** Lines that could not be compared, because too many orders were in progress. */
    readonly notCompared: number;
  };
  readonly deadlines: {
    readonly set: number;
    /** Orders whose deadlines could not be compared, because too much is in progress. */
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
  /** Repairs of derived data, each once. */
  readonly repairs: Repairs;
}

/** The worst finding of `report`: a wrong book outranks an unread one. */
export function verdictOf(
  report: Pick<AuditReport, 'discrepancyCount' | 'unread' | 'waitingCount'>,
): Verdict {
  if (report.discrepancyCount > 0) return 'wrong';
  if (report.unread.length > 0) return 'unreachable';
  return report.waitingCount > 0 ? 'waiting' : 'right';
}

/** The most findings kept for one book. */
const LISTED = 20;

/** The most disputed orders known by name; beyond that, all count as disputed. */
const DISPUTED = 10_000;

/** Details of a finding about one order, or of one that can be repaired. */
export interface About {
  /** A copy that disagrees with a disputed order is neither called wrong nor repaired. */
  readonly orderId?: string;
  readonly fault?: Fault;
  readonly repair?: Repair;
}

/** Collects findings in bounded memory. */
export interface Findings {
  add(book: Book, message: string, about?: About): void;
  waits(book: Book, message: string, repair?: Repair): void;
  unread(book: Book, message: string): void;
  /** Log and stream disagree about this order, and nobody can know which is right. */
  dispute(orderId: string): void;
  /** The log may have lost its end. */
  lostEnd(): void;
  readonly result: Pick<
    AuditReport,
    'discrepancyCount' | 'discrepancies' | 'waitingCount' | 'waiting' | 'unread' | 'repairs'
  >;
}

/** Without findings. */
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
