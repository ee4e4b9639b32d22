/** An order as readers see it, folded from its events. Pure. */
import type { OrderEventCodec } from '../../../shared/contracts/events.ts';
import {
  evolve,
  initialState,
  type OrderDetails,
  type OrderStatus,
  type PaymentStatus,
} from '../../../shared/domain/order.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { CodedError } from '../../../shared/kit/errors.ts';

/** An order after its first `version` events. */
export interface OrderView {
  readonly details: OrderDetails;
  readonly status: OrderStatus;
  readonly payment: PaymentStatus;
  /** Why it did not end well, if it did not. */
  readonly reason: string | undefined;
  readonly version: bigint;
  /** In a list: when its last event was appended, by the log's clock. */
  readonly changedAt?: Date;
}

/**
 * The order that results from `events`, all of one aggregate and in order; undefined
 * if none creates it. Skips unknown types. Throws what `codec` throws.
 */
export function viewOf(
  codec: OrderEventCodec,
  events: readonly RecordedEvent[],
): OrderView | undefined {
  let state = initialState;
  for (const entry of events) {
    const event = codec.decode(entry);
    if (event !== undefined) state = evolve(state, event);
  }
  if (state.details === undefined) return undefined;
  const { details, status, payment, reason } = state;
  return { details, status, payment, reason, version: events.at(-1)?.version ?? 0n };
}

/**
 * `codec` for answers to people: a payload in the log that cannot be read is `internal`
 * (code `unreadable_order`), because it is not the caller's fault. docs/errors.md says
 * what to do about it.
 */
export function readingForOthers(codec: OrderEventCodec): OrderEventCodec {
  return {
    encode: codec.encode,
    decode: (entry) => {
      try {
        return codec.decode(entry);
      } catch (cause) {
        throw new CodedError(
          'internal',
          'unreadable_order',
          `Order ${entry.aggregateId} cannot be shown or changed: its event ${entry.eventType} cannot be read.`,
          { cause },
        );
      }
    },
  };
}
