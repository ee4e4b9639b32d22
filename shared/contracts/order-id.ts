import { idOf, secretIdOf } from '../eventstore/ids.ts';

/** The order id for a customer's idempotency key, always the same. */
export type OrderIdFor = (customerId: string, idempotencyKey: string) => string;

/** By the customer and the key alone: who knows both knows the id. */
export const orderIdFor: OrderIdFor = (customerId, idempotencyKey) =>
  idOf(customerId, idempotencyKey);

/**
 * By a secret as well, so that nobody else can compute the id, and read or take it. The
 * secret must never change: with another one, a repeated request is a new order.
 */
export const secretOrderIdFor =
  (secret: () => string): OrderIdFor =>
  (customerId, idempotencyKey) =>
    secretIdOf(secret(), customerId, idempotencyKey);
