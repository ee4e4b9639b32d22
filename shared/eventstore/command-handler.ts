/**
 * Read, fold, decide, append; again when somebody else was quicker. Everyone
 * who appends to an order goes through here, so that facts and decisions are
 * told apart in one place.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderEventCodec } from '../contracts/events.ts';
import { ORDER_AGGREGATE, orderAggregate } from '../contracts/subjects.ts';
import {
  type Decision,
  evolve,
  initialState,
  type OrderEvent,
  type OrderState,
} from '../domain/order.ts';
import type { Context } from '../kit/context.ts';
import { CodedError, isKind } from '../kit/errors.ts';
import type { AggregateStore, Appended, RecordedEvent } from './event-store.ts';
import { metadataOf } from './metadata.ts';

export interface OrderCommandHandler {
  /**
   * Brings `decide` together with the order's present state and appends what it
   * decides. A decision holds only for the version it saw: on a conflict it is
   * taken again from fresh state, and may come to nothing. A fact is recorded
   * at whatever version.
   *
   * `eventId(n)` names the n-th event, the same each time, so that a repeat is
   * one append. Rejects with `conflict` when the order kept moving, and with
   * whatever the store rejects with.
   */
  handle(ctx: Context, request: HandleRequest): Promise<Handled>;
}

export interface HandleRequest {
  readonly orderId: string;
  readonly kind: 'decision' | 'fact';
  /** `recorded`: all of the order's events, which `state` is folded from. */
  readonly decide: (state: OrderState, recorded: readonly RecordedEvent[]) => Decision;
  readonly eventId: (index: number) => string;
}

export interface Handled {
  readonly decision: Decision;
  /** The order before the decision. */
  readonly state: OrderState;
  /** The version that the decision saw. */
  readonly version: bigint;
  /** Where the events lie; undefined where there were none. */
  readonly appended: Appended | undefined;
}

/** How often a decision is taken anew before the conflict is the caller's. */
const ATTEMPTS = 8;

export function createOrderCommandHandler(
  store: AggregateStore,
  codec: OrderEventCodec,
): OrderCommandHandler {
  async function attempt(ctx: Context, request: HandleRequest): Promise<Handled> {
    const recorded = await store.readAggregate(ctx, orderAggregate(request.orderId));
    const state = foldRecorded(codec, recorded);
    const version = recorded.at(-1)?.version ?? 0n;
    const decision = request.decide(state, recorded);
    const events = decision.accepted ? decision.events : [];
    if (events.length === 0) return { decision, state, version, appended: undefined };
    const metadata = metadataOf(ctx);
    const appended = await store.append(ctx, {
      events: events.map((event, index) => ({
        ...codec.encode(event),
        eventId: request.eventId(index),
        aggregateId: request.orderId,
        aggregateType: ORDER_AGGREGATE,
        metadata,
      })),
      expectedVersion: request.kind === 'decision' ? version : undefined,
      // Whatever is decided about an order that is there brings it nearer to its end.
      lane: 'answers',
    });
    return { decision, state, version, appended };
  }

  return {
    handle: async (ctx, request) => {
      for (let n = 1; ; n++) {
        try {
          return await attempt(ctx, request);
        } catch (error) {
          if (!isKind(error, 'conflict') || n === ATTEMPTS) throw error;
          if (ctx.signal.aborted) {
            throw new CodedError('cancelled', 'cancelled', 'The caller no longer waits.', {
              cause: error,
            });
          }
          await sleep(Math.random() * 2 ** n);
        }
      }
    },
  };
}

/**
 * The state that an order's recorded events add up to. Types that are not known
 * here change nothing, and neither do events that cannot be read: the
 * projection passes over them too, and one that somebody spoilt must not keep
 * the order from ever ending.
 */
export function foldRecorded(
  codec: OrderEventCodec,
  recorded: readonly RecordedEvent[],
): OrderState {
  let state = initialState;
  for (const entry of recorded) {
    const event = readable(codec, entry);
    if (event !== undefined) state = evolve(state, event);
  }
  return state;
}

/** The event that an entry stands for; undefined where its type is not known, or it cannot be read. */
export function readable(codec: OrderEventCodec, entry: RecordedEvent): OrderEvent | undefined {
  try {
    return codec.decode(entry);
  } catch (error) {
    if (isKind(error, 'invalid')) return undefined;
    throw error;
  }
}
