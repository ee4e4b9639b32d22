/** What people may do with an order, and the questions that go with it. */
import { ask } from '../data/api.js';
import { orderStatus } from '../words/statuses.js';
import { askPerson } from './dialog.js';

/**
 * @import { Decided, OrderRow } from '../../http/contract.ts'
 * @import { App } from '../main.js'
 */

/** @typedef {'approve' | 'reject' | 'cancel'} Decision */

const whys = {
  reject: ['Sold out', 'The kitchen is closed', 'Too busy'],
  cancel: ['The customer asked', 'Ordered twice', 'Cannot be delivered'],
};

/** What the caller may decide about it now. @param {OrderRow} row @param {App} app @returns {readonly Decision[]} */
export function decisions({ status }, { may }) {
  const restaurant = may('operator') || may('restaurant');
  const customer = may('operator') || may('customer');
  return [
    ...(status === 'Paid' && restaurant ? /** @type {const} */ (['approve', 'reject']) : []),
    ...(['Pending', 'Paid'].includes(status) && customer ? /** @type {const} */ (['cancel']) : []),
  ];
}

/** Decides, asking for a reason where one is due; true if it was done. @param {OrderRow} row @param {Decision} decision @param {App} app */
export async function decide({ order_id }, decision, app) {
  const send = async (/** @type {object | undefined} */ body) => {
    /** @type {Decided} */
    const { order } = await ask(`/api/orders/${encodeURIComponent(order_id)}/${decision}`, {
      method: 'POST',
      ...(body && { body }),
    });
    app.tell(`The order is ${orderStatus(order.status)[0].toLowerCase()}.`);
  };
  if (decision === 'approve') {
    try {
      await send(undefined);
      return true;
    } catch (error) {
      app.tell(/** @type {Error} */ (error).message, true);
      return false;
    }
  }
  return await askPerson({
    title: decision === 'reject' ? 'Reject this order?' : 'Cancel this order?',
    text: 'What the customer paid is refunded, and the customer is told why.',
    action: decision === 'reject' ? 'Reject the order' : 'Cancel the order',
    bad: true,
    reason: {
      label: decision === 'reject' ? 'Why?' : 'Why? (may be left out)',
      suggestions: whys[decision],
      required: decision === 'reject',
    },
    act: (reason) => send(reason === '' ? {} : { reason }),
  });
}
