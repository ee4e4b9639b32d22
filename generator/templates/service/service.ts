import type { OrderEventCodec } from '../../../shared/contracts/events.ts';
import { orderAggregate } from '../../../shared/contracts/subjects.ts';
import { orderDecider } from '../../../shared/domain/order.ts';
import { foldRecorded } from '../../../shared/eventstore/command-handler.ts';
import type { AggregateStore } from '../../../shared/eventstore/event-store.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { type SampleOwnerView, sampleOwnerOf } from './sample-owner-view.ts';

/** Each method is an endpoint. */
export interface SampleOwnerService {
  /**
   * The sample owner of an order, from the log. Rejects with `not_found` (code
   * `order_not_found`) if the order has none, and with what the event store rejects with.
   */
  get(ctx: Context, request: { readonly orderId: string }): Promise<SampleOwnerView>;
}

export function createSampleOwnerService(
  store: AggregateStore,
  codec: OrderEventCodec,
): SampleOwnerService {
  return {
    async get(ctx, { orderId }) {
      const recorded = await store.readAggregate(ctx, orderAggregate(orderId));
      const view = sampleOwnerOf(foldRecorded(orderDecider, codec, recorded));
      if (view !== undefined) return view;
      const message = `There is no sample owner of order ${orderId}.`;
      throw new CodedError('not_found', 'order_not_found', message);
    },
  };
}
