/** The examples of the OpenAPI document: one order, from its placing to its approval. */

const orderId = '018f3f6e-6f0a-7c3e-9d7e-2f1c8f0a5b11';
const createdOn = '2026-03-01T18:30:00.000Z';

const placeOrder = {
  customer_id: 'c1',
  restaurant_id: 'r1',
  order_items: [{ code: 'P1', name: 'Pizza', unit_price: 12, quantity: 2 }],
};

const placedOrder = {
  order_id: orderId,
  customer_id: placeOrder.customer_id,
  status: 'Pending',
  created_on: createdOn,
  restaurant_id: placeOrder.restaurant_id,
  amount: 24,
  order_items: placeOrder.order_items,
};

const order = { ...placedOrder, status: 'Approved', payment_status: 'debited', version: 3 };

export const examples = {
  placeOrder,
  placedOrder,
  order,
  cancelOrder: { reason: 'too slow' },
  rejectOrder: { reason: 'the oven is cold' },
  orderList: { orders: [order], position: 1_207 },
  orderEvents: {
    events: [
      {
        event_id: '2c5ea4c0-4067-5fe9-8bad-9b1deb4d3b7d',
        event_type: 'ORDERS.created',
        version: 1,
        position: 1_205,
        created_at: '2026-03-01T18:30:00.004Z',
        data: placedOrder,
        metadata: { correlation_id: orderId },
      },
    ],
  },
} as const;
