/** `ordersctl open`: the orders that wait, and for what. */
import type { Command } from 'commander';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { background } from '../../shared/kit/context.ts';
import { currencyOfLog } from '../currency.ts';
import { withEventStore } from '../event-store.ts';
import { withExample } from '../example.ts';
import { readOpen } from '../open/read-open.ts';
import { renderOpen } from '../open/render-open.ts';
import type { OrderFilters } from '../order-filters.ts';
import { ordersApi } from '../orders-api.ts';
import { terminalPaint } from '../paint.ts';
import { print } from '../print.ts';
import {
  type CommonOptions,
  deadlines,
  eventStoreAddress,
  ordersUrl,
  wholeNumber,
  withOptions,
} from '../settings.ts';

interface OpenCommandOptions extends CommonOptions, Omit<OrderFilters, 'status'> {
  readonly overdue?: true;
  readonly limit: string;
}

const MOST = 1_000;

export function addOpenCommand(program: Command): void {
  const open = withExample(program.command('open'), 'open --overdue');
  withOptions(open, 'orders', 'eventStore', 'json')
    .description(
      'show the orders that are Pending or Paid: what each waits for and until when, what is due ' +
        'first on top. Uses the deadlines configured here: PAYMENT_DEADLINE_MS, REVIEW_DEADLINE_MS, ' +
        'DEADLINE_CEILING_MS',
    )
    .option('--overdue', 'only those that wait longer than they may')
    .option('--customer <id>', 'only of this customer')
    .option('--restaurant <id>', 'only of this restaurant')
    .option('--min-amount <amount>', 'only from this amount on, such as 9.50')
    .option('--max-amount <amount>', 'only up to this amount')
    .option('--limit <n>', `look at so many, the newest, at most ${MOST}`, '100')
    .action(async (options: OpenCommandOptions) => {
      const limit = wholeNumber('--limit', options.limit, 1, MOST);
      const api = ordersApi(ordersUrl(options));
      await withEventStore(eventStoreAddress(options), async (store) => {
        const { decimals } = await currencyOfLog(store);
        const found = await readOpen(background(), {
          ...{ api, store, limit },
          codec: orderEventCodec(decimals),
          deadlines: deadlines(),
          filters: options,
          overdue: options.overdue === true,
          now: new Date(),
        });
        print(options, found, (all) => renderOpen(all, decimals, terminalPaint));
      });
    });
}
