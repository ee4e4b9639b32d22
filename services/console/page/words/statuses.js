/** What the states of things are called, and how they look. Pure. */

/** @typedef {'good' | 'warn' | 'bad' | 'info' | ''} Tone */

/** @type {Readonly<Record<string, readonly [string, Tone]>>} */
const orders = {
  Pending: ['Pending', 'warn'],
  Paid: ['Paid', 'info'],
  Approved: ['Approved', 'good'],
  PaymentFailed: ['Payment failed', 'bad'],
  Rejected: ['Rejected', 'bad'],
  Cancelled: ['Cancelled', ''],
};

/** The statuses that an order may have, in the order of its life. */
export const ORDER_STATUSES = Object.keys(orders);

/** An order's status: its word and its tone. @param {string} status */
export const orderStatus = (status) => orders[status] ?? /** @type {const} */ ([status, '']);

/** @type {Readonly<Record<string, readonly [string, Tone]>>} */
const payments = {
  none: ['nothing taken', ''],
  debited: ['taken', 'good'],
  failed: ['declined', 'bad'],
  void_requested: ['refund requested', 'warn'],
  voided: ['refunded', 'info'],
};

/** What is known of an order's payment. @param {string} status */
export const paymentStatus = (status) => payments[status] ?? /** @type {const} */ ([status, '']);

/** @type {Readonly<Record<string, readonly [string, Tone]>>} */
const letters = {
  parked: ['parked', 'bad'],
  requested: ['being replayed', 'warn'],
  resolved: ['resolved', 'good'],
  closed: ['closed', ''],
};

/** A dead letter's state. @param {string} state */
export const letterState = (state) => letters[state] ?? /** @type {const} */ ([state, '']);
