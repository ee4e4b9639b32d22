/** Order events without what they carry: enough to tell where an order stands. Pure. */
import { eventTypes } from '../../../shared/contracts/events.ts';
import type { OrderDetails, OrderEvent } from '../../../shared/domain/order.ts';
import { minor } from '../../../shared/money/money.ts';

/** An order that there is; what it is does not matter. */
export const someDetails: OrderDetails = {
  orderId: '',
  customerId: '',
  restaurantId: '',
  amount: minor(0),
  items: [],
  createdOn: '',
};

const answer = { orderId: '', reason: '', decidedBy: '' };

const bare: { readonly [Type in OrderEvent['type']]?: Extract<OrderEvent, { type: Type }> } = {
  created: { type: 'created', order: someDetails },
  paymentdebited: {
    type: 'paymentdebited',
    orderId: '',
    customerId: '',
    amount: minor(0),
    paymentId: '',
  },
  paymentfailed: { type: 'paymentfailed', orderId: '', reason: '' },
  approved: { type: 'approved', orderId: '', decidedBy: '' },
  rejected: { type: 'rejected', ...answer },
  cancelled: { type: 'cancelled', ...answer },
  voidrequested: { type: 'voidrequested', orderId: '', reason: '' },
  paymentvoided: { type: 'paymentvoided', orderId: '', paymentId: '' },
};

/** By the type in the log. An event of another type must be read to know what it changes. */
export const bareEvents: ReadonlyMap<string, OrderEvent> = new Map(
  Object.values(bare).map((event) => [eventTypes[event.type], event]),
);
