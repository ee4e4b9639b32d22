/** Names on the wire, frozen by the contract. */

/** The event stream's name, in SQL and in JetStream. */
export const ORDERS_STREAM = 'ORDERS';

/** The aggregate type of orders. */
export const ORDER_AGGREGATE = 'order';

/** Identifies the order in the log. */
export const orderAggregate = (orderId: string) => ({
  aggregateType: ORDER_AGGREGATE,
  aggregateId: orderId,
});

/** What the `type` of a problem document begins with; the error's code follows. */
export const PROBLEM_TYPES = 'urn:orders:problem:';

/** Durable consumers, each the name of its worker. */
export const durables = {
  payment: 'payment-worker',
  review: 'review-worker',
  saga: 'saga-coordinator',
} as const;

/** Name of the read model's checkpoint and of its consumer in metrics. */
export const READ_MODEL = 'query-model';

/**
 * Name of the checkpoint of the read model's second table. One of the two tables is live,
 * and `ordersctl read-model rebuild` fills the other.
 */
export const READ_MODEL_B = 'query-model-b';
