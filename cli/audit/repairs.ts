/** An audit's repairs: only of derived data, each once. */

/** One repair. It never concerns the log or the ledger. */
export type Repair =
  /** Recreates the stream from the log. */
  | { readonly what: 'stream' }
  /**
   * Rewrites the order's row from what the log folds to, or removes it if the log has no
   * such order.
   */
  | { readonly what: 'row'; readonly orderId: string }
  /** Rewrites or removes the projection's record of this event. */
  | { readonly what: 'failure'; readonly position: bigint }
  /** Sets and clears the order's deadlines to match the log. */
  | { readonly what: 'deadlines'; readonly orderId: string }
  /** Has the coordinator request the order's void, again if it already did. */
  | { readonly what: 'void'; readonly orderId: string }
  /** Sets the consumer's checkpoint back to a place that the log has. */
  | { readonly what: 'checkpoint'; readonly consumer: string };

/** What will be done, for people. */
export function repairText(repair: Repair): string {
  switch (repair.what) {
    case 'stream':
      return 'delete the stream, so that the event store refills it from the log';
    case 'row':
      return `order ${repair.orderId}: rewrite its row of the read model from the log`;
    case 'failure':
      return `the unreadable event at ${repair.position}: rewrite its record from the log`;
    case 'checkpoint':
      return `${repair.consumer}: set its checkpoint back to a place that the log has`;
    case 'deadlines':
      return `order ${repair.orderId}: set and clear its deadlines to match the log`;
    case 'void':
      return `order ${repair.orderId}: request its void`;
  }
}

/** The same for programs, with positions as numbers. */
export const repairDocument = (repair: Repair): object => ({
  what: repair.what,
  ...('orderId' in repair && { order_id: repair.orderId }),
  ...('position' in repair && { position: Number(repair.position) }),
  ...('consumer' in repair && { consumer: repair.consumer }),
});

/** The most repairs that are kept; the next audit finds more. */
const MOST = 10_000;

export interface Repairs {
  /** In the order of execution. */
  readonly listed: readonly Repair[];
  /** How many were not kept. */
  readonly dropped: number;
  /** Why something derived and wrong is not repaired; undefined if everything is. */
  readonly withheld: string | undefined;
}

/** Copies of the log first, because later repairs depend on them. */
const order = ['stream', 'row', 'failure', 'checkpoint', 'deadlines', 'void'] as const;

export interface RepairsCollected extends Repairs {
  add(repair: Repair): void;
  /**
   * The stream may hold the only true copy of something, and is left alone; or the log may
   * have lost something, so nothing is rebuilt from it.
   */
  evidence(of: 'stream' | 'log'): void;
}

/** Empty. Holds a bounded number. */
export function createRepairs(): RepairsCollected {
  const byKey = new Map<string, Repair>();
  const evidence = new Set<'stream' | 'log'>();
  let dropped = 0;
  const isEvidence = ({ what }: Repair) =>
    evidence.has('log') || (what === 'stream' && evidence.has('stream'));
  return {
    add(repair) {
      const key = Object.values(repair).join(' ');
      if (byKey.has(key)) return;
      if (byKey.size < MOST) byKey.set(key, repair);
      else dropped++;
    },
    evidence: (book) => void evidence.add(book),
    get listed() {
      return [...byKey.values()]
        .filter((repair) => !isEvidence(repair))
        .sort((a, b) => order.indexOf(a.what) - order.indexOf(b.what));
    },
    get dropped() {
      return dropped;
    },
    get withheld() {
      return [...byKey.values()].some(isEvidence) ? withheldFor(evidence) : undefined;
    },
  };
}

const withheldFor = (evidence: ReadonlySet<string>): string =>
  evidence.has('log')
    ? 'nothing is repaired while the stream is ahead of the log, because the log may have lost events'
    : 'the stream is not recreated: where it differs from the log, it may be the only true copy';
