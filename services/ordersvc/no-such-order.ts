import { CodedError } from '../../shared/kit/errors.ts';

/** The answer about an order that does not exist, and about one that is somebody else's. */
export const noSuchOrder = (orderId: string) =>
  new CodedError('not_found', 'order_not_found', `There is no order ${orderId}.`);
