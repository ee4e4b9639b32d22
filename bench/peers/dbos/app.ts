/** Orders on DBOS Transact: a workflow whose steps are rows in PostgreSQL. */
import { DBOS } from '@dbos-inc/dbos-sdk';
import { ended, type Order, openDoor, setting } from '../door.ts';
import { debit, writeRow } from '../tables.ts';

async function processOrder(order: Order): Promise<void> {
  await DBOS.runStep(() => debit(order), { name: 'debit' });
  await DBOS.runStep(() => writeRow(order, 'Approved'), { name: 'row' });
  ended(order.order_id);
}
const workflow = DBOS.registerWorkflow(processOrder, { name: 'processOrder' });

DBOS.setConfig({
  name: 'orders',
  systemDatabaseUrl: setting('PEER_DATABASE_URL'),
  logLevel: 'warn',
});
await DBOS.launch();

// It resolves once the workflow is in the database, and does not wait for its end.
openDoor((order) => DBOS.startWorkflow(workflow, { workflowID: order.order_id })(order));
