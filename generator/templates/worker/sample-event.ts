import type { OrderEventCodec } from '../../../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE } from '../../../shared/contracts/subjects.ts';
import { type OrderCommand, type OrderState, orderDecider } from '../../../shared/domain/order.ts';
import { commandHandler } from '../../../shared/eventstore/command-handler.ts';
import type { AggregateStore } from '../../../shared/eventstore/event-store.ts';
import { derivedId } from '../../../shared/eventstore/ids.ts';
import type { Endpoint } from '../../../shared/kit/endpoint.ts';

/** ORDERS.sampleevent, as its answer needs it. */
export interface SampleEventRequest {
  readonly orderId: string;
  /** Id of the event. */
  readonly causeId: string;
  // generator: fields
}

export type SampleEventResult =
  | { readonly outcome: 'answered' }
  /** Nothing needs an answer, or it was answered before. */
  | { readonly outcome: 'nothing to do' }
  /** The order does not allow the answer. */
  | { readonly outcome: 'refused'; readonly code: string };

/** The command that answers the event, for an order in `state`; undefined if nothing is to be done. Pure. */
export function onSampleEvent(
  _state: OrderState,
  _request: SampleEventRequest,
): OrderCommand | undefined {
  return undefined;
}

/** Frozen: ids of answers in the log are derived from it. */
const ANSWER = 'sample_event';

/** Takes the decision of `onSampleEvent`, once for each event however often it is called. */
export function answerSampleEvent(
  store: AggregateStore,
  codec: OrderEventCodec,
): Endpoint<SampleEventRequest, SampleEventResult> {
  const orders = commandHandler({
    decider: orderDecider,
    codec,
    aggregateType: ORDER_AGGREGATE,
    store,
  });
  return async (ctx, request) => {
    const answerId = derivedId(durables.review, request.causeId, ANSWER);
    const { decision } = await orders.handle(ctx, {
      aggregateId: request.orderId,
      kind: 'decision',
      command: (state, recorded) =>
        recorded.some(({ eventId }) => eventId === answerId)
          ? undefined
          : onSampleEvent(state, request),
      eventId: () => answerId,
    });
    if (!decision.accepted) return { outcome: 'refused', code: decision.code };
    return { outcome: decision.events.length > 0 ? 'answered' : 'nothing to do' };
  };
}
