import type { OrderEventCodec } from '../../../shared/contracts/events.ts';
import type { AggregateStore } from '../../../shared/eventstore/event-store.ts';
import type { Context } from '../../../shared/kit/context.ts';
import {
  answerSampleEvent,
  type SampleEventRequest,
  type SampleEventResult,
} from './sample-event.ts';

/** Answers events of orders. */
export interface SampleOwnerService {
  /** Answers ORDERS.sampleevent. May be called again. Rejects with what the event store rejects with. */
  sampleEvent(ctx: Context, request: SampleEventRequest): Promise<SampleEventResult>;
}

export function createSampleOwnerService(
  store: AggregateStore,
  codec: OrderEventCodec,
): SampleOwnerService {
  return {
    sampleEvent: answerSampleEvent(store, codec),
  };
}
