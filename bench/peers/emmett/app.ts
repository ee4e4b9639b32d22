/** The door of the orders on Emmett: an order is the first event of its stream. */
import { STREAM_DOES_NOT_EXIST } from '@event-driven-io/emmett';
import { openDoor } from '../door.ts';
import { type OrderEvent, openStore, streamOf } from './events.ts';

const store = openStore();
await store.schema.migrate();

openDoor((order) =>
  store.appendToStream<OrderEvent>(streamOf(order), [{ type: 'OrderCreated', data: order }], {
    expectedStreamVersion: STREAM_DOES_NOT_EXIST,
  }),
);
