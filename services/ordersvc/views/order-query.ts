/** Which order is asked for, and in which versions. */
import type { Versions } from './order-version.ts';

/** Names one order. */
export interface OrderId {
  readonly orderId: string;
}

/** Asks for an order at some version or newer. */
export interface OrderQuery extends OrderId {
  /** The oldest acceptable version. Default: any. */
  readonly minVersion?: bigint;
  /** The only acceptable versions. Default: any. */
  readonly ifMatch?: Versions;
}

/** Names an order to decide about. */
export interface OrderToDecide extends OrderId {
  /** The versions at which the decision may be made. Default: any. */
  readonly ifMatch?: Versions;
}
