/** Orders on Restate: a handler whose steps its server keeps, each of them on disk. */
import * as restate from '@restatedev/restate-sdk';
import { connect } from '@restatedev/restate-sdk-clients';
import { ended, type Order, openDoor, setting } from '../door.ts';
import { debit, writeRow } from '../tables.ts';

const orders = restate.service({
  name: 'orders',
  handlers: {
    process: async (ctx: restate.Context, order: Order) => {
      await ctx.run('debit', () => debit(order));
      await ctx.run('row', () => writeRow(order, 'Approved'));
      ended(order.order_id);
    },
  },
});

const port = Number(setting('PEER_SERVICE_PORT'));
await restate.serve({ services: [orders], port });

// The server learns of the service, once.
const registered = await fetch(`${setting('RESTATE_ADMIN_URL')}/deployments`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ uri: `http://127.0.0.1:${port}` }),
});
if (!registered.ok) throw new Error(`not registered: ${await registered.text()}`);

const ingress = connect({ url: setting('RESTATE_INGRESS_URL') });
const client = ingress.serviceSendClient(orders);
openDoor((order) => client.process(order));
