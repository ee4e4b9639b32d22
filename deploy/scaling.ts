import { natsUses } from '../shared/contracts/rights/nats.ts';

/** How many processes a service has. */
export interface Scaling {
  readonly least: number;
  /** With more than the least, they are as many as the work asks for. */
  readonly most: number;
  /** Of each processor that was asked for, in percent: above it there are more. */
  readonly cpu?: number;
  /** The durable whose waiting messages ask for more. */
  readonly durable?: string;
}

const PAIR: Scaling = { least: 2, most: 2 };

const own: Readonly<Record<string, Scaling>> = {
  ordersvc: { least: 2, most: 6, cpu: 70 },
  // Nobody's order waits for it.
  console: { least: 1, most: 1 },
};

/**
 * How the service is scaled: who works off a durable by what waits there, and all others as
 * above, or as a pair. More than a pair helps neither a follower of the log, of which one works,
 * nor eventstoresvc, whose appends queue at one row.
 */
export function scalingOf(name: string): Scaling {
  const [durable] = natsUses[name]?.durables ?? [];
  if (durable !== undefined) return { least: 2, most: 6, durable };
  return own[name] ?? PAIR;
}

/** So many messages wait for each process before there is one more. */
export const LAG = 500;
