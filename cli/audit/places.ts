import type { EventStore } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Place } from './checkpoint-sweep.ts';

/** The workers' progress, as stored beside the log. */
export interface AuditedPlaces {
  /** The places of all workers that have one. */
  list(ctx: Context): Promise<readonly Place[]>;
  /** Everything up to here is done. */
  doneBy(ctx: Context, consumer: string): Promise<bigint>;
}

/** The places stored in `log`. */
export function auditedPlaces(
  log: Pick<EventStore, 'getCheckpoint' | 'listCheckpoints'>,
): AuditedPlaces {
  return {
    list: (ctx) => log.listCheckpoints(ctx),
    doneBy: async (ctx, consumer) => (await log.getCheckpoint(ctx, consumer)).position,
  };
}
