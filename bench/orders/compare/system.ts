import type { Follow } from '../follow.ts';
import type { Metrics } from '../measure/scrape.ts';
import type { Usages } from '../measure/usage.ts';

/** Something that takes orders and brings them to an end. */
export interface System {
  readonly name: string;
  /** Orders are posted to its `/api/orders`. */
  readonly url: string;
  readonly follow: Follow;
  /** Its stream in JetStream, if it has one. */
  readonly stream: string | undefined;
  /** Its databases, as PostgreSQL's statistics name them. */
  readonly databases: readonly string[];
  /** Whether a connection to NATS of this name is its own. */
  readonly connects: (name: string) => boolean;
  /** What its own processes have used so far, without the servers that all share. */
  readonly usages: () => Usages;
  /** What its processes tell of themselves; empty where they do not. */
  readonly metrics: () => Promise<Metrics>;
  /** Orders of which nothing is heard for so long count as never ended, in milliseconds. */
  readonly patienceMs: number;
  /** How many events its log has that its rows do not show yet. */
  readonly behind: () => Promise<number>;
}
