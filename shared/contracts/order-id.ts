import { idOf } from '../eventstore/ids.ts';

/** The order id for a customer's idempotency key, always the same. */
export const orderIdFor = (customerId: string, idempotencyKey: string): string =>
  idOf(customerId, idempotencyKey);
