/** Other ways to the same end, each as its makers would write it, with its durable defaults. */
import { type StartPeer, startPeer } from './peer.ts';
import { startRestate } from './restate.ts';

const startDbos: StartPeer = (context) =>
  startPeer(context, {
    name: 'DBOS',
    database: 'dbos_orders',
    files: ['dbos/app.ts'],
    behind: async (sql) => {
      const [row] = await sql`
        select count(*) as pending from dbos.workflow_status where status = 'PENDING'`;
      return Number(row?.pending);
    },
  });

const startEmmett: StartPeer = (context) =>
  startPeer(context, {
    name: 'Emmett',
    database: 'emmett_orders',
    files: ['emmett/app.ts', 'emmett/consumers.ts'],
  });

export const peers: readonly StartPeer[] = [startRestate, startDbos, startEmmett];
