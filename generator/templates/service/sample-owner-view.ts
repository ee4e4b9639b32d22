import type { OrderState } from '../../../shared/domain/order.ts';

/** The sample owner of an order, as JSON. */
export interface SampleOwnerView {
  readonly order_id: string;
}

/** The sample owner of an order in `state`; undefined if it has none. Pure. */
export function sampleOwnerOf(_state: OrderState): SampleOwnerView | undefined {
  return undefined;
}
