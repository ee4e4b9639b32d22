import type { Dice } from '../../interleavings/dice.ts';
import type { Patroni } from '../../patroni/patroni.ts';
import type { Stack } from '../../stack.ts';
import type { Wires } from '../wires.ts';

/** One thing that goes wrong, and is over when `happen` resolves. */
export interface Fault {
  /** What it is done to, and what. */
  readonly name: string;
  /** Processes that do not answer meanwhile, for longer than an order's deadline. */
  readonly silences?: readonly string[];
  /** Until it is over, reads may lack orders that were accepted: the log is put back, or an old primary still answers (ADR 61). */
  readonly forgets?: boolean;
  /** Another server of PostgreSQL takes over, or stands in: no run is too short for it. */
  readonly failover?: boolean;
  /** About how long it takes; the orders are spread over the run by it. */
  readonly plannedMs: number;
  /** Does it, and undoes it. Resolves with what the dice chose, if anything. */
  readonly happen: (where: Where) => Promise<string | undefined>;
}

/** What faults are done to. */
export interface Where {
  readonly stack: Stack;
  readonly wires: Wires;
  /** The stack's data folder. */
  readonly dataDir: string;
  readonly natsNodes: readonly string[];
  /** The databases' servers; undefined: the stack's own one. */
  readonly patroni: Patroni | undefined;
  readonly luck: Dice;
  /** Called with the position up to which a service that does not answer had received events. */
  readonly hands: (service: string, handed: bigint) => void;
  readonly signal: AbortSignal;
}
