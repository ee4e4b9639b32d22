/** What an audit would have done: only what is derived, each thing once. */

/** One thing to be put right. The log and the ledger are never among them. */
export type Repair =
  /** The stream is made again from the log. */
  | { readonly what: 'stream' }
  /** The order's row is written again from what the log folds to, or removed where the log has no such order. */
  | { readonly what: 'row'; readonly orderId: string }
  /** What the projection recorded of this event is written again, or removed. */
  | { readonly what: 'failure'; readonly position: bigint }
  /** The order's deadlines are set and cleared as the log has it. */
  | { readonly what: 'deadlines'; readonly orderId: string }
  /** The coordinator asks for the order's void, once more if it did before. */
  | { readonly what: 'void'; readonly orderId: string }
  /** The consumer's checkpoint is set back to a place that the log has. */
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

/** The same for programs; positions as numbers. */
export const repairDocument = (repair: Repair): object => ({
  what: repair.what,
  ...('orderId' in repair && { order_id: repair.orderId }),
  ...('position' in repair && { position: Number(repair.position) }),
  ...('consumer' in repair && { consumer: repair.consumer }),
});

/** Repairs that are kept; more are found by the audit after them. */
const MOST = 10_000;

export interface Repairs {
  /** In the order in which they are done. */
  readonly listed: readonly Repair[];
  /** How many there was no room for. */
  readonly dropped: number;
  /** Why something that is wrong and derived is left as it is; undefined where nothing is. */
  readonly withheld: string | undefined;
}

/** Copies of the log first, so that what rests on them finds them right. */
const order = ['stream', 'row', 'failure', 'checkpoint', 'deadlines', 'void'] as const;

export interface RepairsCollected extends Repairs {
  add(repair: Repair): void;
  /**
   * The stream holds what may be the only true copy of something, and is left as it
   * is; or the log may have lost something, and so nothing is made again from it.
   */
  evidence(of: 'stream' | 'log'): void;
}

/** Nothing to repair yet. Holds a bounded number. */
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
