import { eventTypes } from '../../../shared/contracts/events.ts';
import type { OrderEvent } from '../../../shared/domain/order.ts';

/** Events that begin or end a wait: all events of an order. */
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

/** Their names in the log. */
export const followedTypes: readonly string[] = followed.map((type) => eventTypes[type]);
