import { eventTypes } from '../../../shared/contracts/events.ts';
import type { OrderEvent } from '../../../shared/domain/order.ts';

/** What begins or ends a wait: all that happens to an order. */
export const followed = [
  'created',
  'paymentdebited',
  'paymentfailed',
  'approved',
  'rejected',
  'cancelled',
  'voidrequested',
  'paymentvoided',
] as const satisfies readonly OrderEvent['type'][];

/** The same, by their names in the log. */
export const followedTypes: readonly string[] = followed.map((type) => eventTypes[type]);
