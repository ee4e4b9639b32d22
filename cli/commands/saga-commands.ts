/** `ordersctl saga rebuild`: rebuilds the coordinator's deadlines from the log. */
import type { Command } from 'commander';
import { ORDER_ID } from '../../services/sagacoordinator/saga/order-deadlines.ts';
import { orderProcess } from '../../services/sagacoordinator/saga/order-process.ts';
import type { DeadlineKind } from '../../services/sagacoordinator/saga/saga.ts';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { background } from '../../shared/kit/context.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { createDatabase } from '../../shared/kit/sql/database.ts';
import { sqlDeadlines } from '../../shared/process-manager/deadlines.ts';
import { type Rebuilt, rebuildDeadlines } from '../../shared/process-manager/rebuild.ts';
import { addressHelp, addressOf } from '../addresses.ts';
import { currencyOfLog } from '../currency.ts';
import { withEventStore } from '../event-store.ts';
import { withExample } from '../example.ts';
import { print } from '../print.ts';
import { type CommonOptions, deadlines, eventStoreAddress, withOptions } from '../settings.ts';

const QUERY_MS = 10_000;

export function addSagaCommands(program: Command): void {
  const saga = program.command('saga').description("the saga coordinator's deadlines");
  withOptions(withExample(saga.command('rebuild'), 'saga rebuild'), 'eventStore', 'json')
    .description(
      'set and clear the deadlines of every order in the log, while the coordinator runs. ' +
        'PAYMENT_DEADLINE_MS and REVIEW_DEADLINE_MS must match the coordinator',
    )
    .option('--database <url>', `of the coordinator (${addressHelp('SAGA_DATABASE_URL')})`)
    .action(async (options: CommonOptions & { readonly database?: string }) => {
      const { events, unreadable } = await rebuild(options);
      print(options, { events, unreadable }, (found) =>
        [
          `${found.events} events read; the deadlines match the log`,
          ...found.unreadable.map(
            (id) => `order ${id} has an event that cannot be read, and was folded without it`,
          ),
        ].join('\n'),
      );
    });
}

async function rebuild(options: CommonOptions & { readonly database?: string }): Promise<Rebuilt> {
  const url = addressOf('SAGA_DATABASE_URL', { name: '--database', value: options.database });
  const address = eventStoreAddress(options);
  const { paymentMs, reviewMs, voidMs, ceilingMs } = deadlines();
  const times = { payment: paymentMs, review: reviewMs, void: voidMs, ceiling: ceilingMs };
  const database = createDatabase({
    url,
    name: 'ordersctl saga rebuild',
    poolSize: 2,
    queryTimeoutMs: QUERY_MS,
    logger: silentLogger,
  });
  try {
    return await withEventStore(address, async (store) => {
      const codec = orderEventCodec((await currencyOfLog(store)).decimals);
      return rebuildDeadlines(
        background(),
        orderProcess(times, codec),
        store,
        sqlDeadlines<DeadlineKind>(database, { idColumn: ORDER_ID }),
      );
    });
  } finally {
    await database.stop();
  }
}
