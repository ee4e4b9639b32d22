/** Which order is asked for. */
import type { Versions } from './order-version.ts';

/** Names one order. */
export interface OrderId {
  readonly orderId: string;
}

/** Asks for an order as it was read or written before, or newer. */
export interface OrderQuery extends OrderId {
  /** The oldest version that will do. Default: any. */
  readonly minVersion?: bigint;
  /** The only versions that will do. Default: any. */
  readonly ifMatch?: Versions;
}

/** Names an order that is to be decided about. */
export interface OrderToDecide extends OrderId {
  /** The versions at which it may be decided. Default: any. */
  readonly ifMatch?: Versions;
}
