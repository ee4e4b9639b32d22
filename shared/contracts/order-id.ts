import { idOf } from '../eventstore/ids.ts';

/** The order that a customer's idempotency key stands for, always the same. */
export const orderIdFor = (customerId: string, idempotencyKey: string): string =>
  idOf(customerId, idempotencyKey);
