/** What an operator can ask after a restore, each as an endpoint with its middlewares around it. */
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import type { GiveUp, LogRecovery, LogStanding } from '../../../shared/eventstore/log-recovery.ts';
import type { Endpoint, Middleware } from '../../../shared/kit/endpoint.ts';

export interface DiscardRequest {
  readonly looked: Omit<GiveUp, 'events'>;
  readonly resumeAfter: bigint;
}

export interface RecoveryEndpoints {
  readonly standing: Endpoint<void, LogStanding>;
  readonly lostEvents: Endpoint<void, AsyncIterable<readonly RecordedEvent[]>>;
  readonly recover: Endpoint<void, AsyncIterable<bigint>>;
  readonly giveUp: Endpoint<GiveUp, void>;
  readonly discard: Endpoint<DiscardRequest, void>;
}

/** @param wrap the middlewares for an endpoint of that name, outermost first */
export function createRecoveryEndpoints(
  recovery: LogRecovery,
  wrap: (name: string) => Middleware,
): RecoveryEndpoints {
  return {
    standing: wrap('standing')((ctx) => recovery.standing(ctx)),
    lostEvents: wrap('lost events')(async (ctx) => recovery.lostEvents(ctx)),
    recover: wrap('recover log')(async (ctx) => recovery.recover(ctx)),
    giveUp: wrap('give up events')((ctx, request) => recovery.giveUp(ctx, request)),
    discard: wrap('discard lost events')((ctx, { looked, resumeAfter }) =>
      recovery.discard(ctx, looked, resumeAfter),
    ),
  };
}
