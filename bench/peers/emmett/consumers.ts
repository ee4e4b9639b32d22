/** What happens to the orders on Emmett: two reactors and a projection, on one consumer. */
import { SQL } from '@event-driven-io/dumbo';
import { postgreSQLRawSQLProjection } from '@event-driven-io/emmett-postgresql';
import { amountOf, ended } from '../door.ts';
import { debit } from '../tables.ts';
import { type OrderEvent, openStore, streamOf } from './events.ts';

const store = openStore();
const consumer = store.consumer<OrderEvent>();

consumer.reactor<OrderEvent>({
  processorId: 'payment',
  canHandle: ['OrderCreated'],
  eachMessage: async ({ type, data }) => {
    if (type !== 'OrderCreated') return;
    await debit(data);
    const { order_id } = data;
    await store.appendToStream<OrderEvent>(
      streamOf(data),
      [{ type: 'PaymentDebited', data: { order_id } }],
      { expectedStreamVersion: 1n },
    );
  },
});

consumer.reactor<OrderEvent>({
  processorId: 'review',
  canHandle: ['PaymentDebited'],
  eachMessage: async ({ type, data: { order_id } }) => {
    if (type !== 'PaymentDebited') return;
    await store.appendToStream<OrderEvent>(
      streamOf({ order_id }),
      [{ type: 'OrderApproved', data: { order_id } }],
      { expectedStreamVersion: 2n },
    );
    ended(order_id);
  },
});

consumer.projector<OrderEvent>({
  processorId: 'rows',
  projection: postgreSQLRawSQLProjection<OrderEvent>({
    name: 'orders',
    canHandle: ['OrderCreated', 'OrderApproved'],
    evolve: ({ type, data }) => {
      if (type !== 'OrderCreated') {
        return SQL`update orders set status = 'Approved' where order_id = ${data.order_id}`;
      }
      const { order_id, customer_id, restaurant_id, order_items } = data;
      return SQL`
        insert into orders (order_id, customer_id, restaurant_id, amount, items, status)
        values (${order_id}, ${customer_id}, ${restaurant_id}, ${amountOf(data)},
                ${JSON.stringify(order_items)}, 'Pending')
        on conflict (order_id) do nothing`;
    },
  }),
});

console.log('ready');
await consumer.start();
