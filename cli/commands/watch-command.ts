/** `ordersctl watch`: orders as they change. */
import { once } from 'node:events';
import type { Command } from 'commander';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { shownAll } from '../../shared/kit/shown.ts';
import { currencyOfLog } from '../currency.ts';
import { withEventStore } from '../event-store.ts';
import { withExample } from '../example.ts';
import { type OrderFilters, passing, withOrderFilters } from '../order-filters.ts';
import { terminalPaint } from '../paint.ts';
import { print } from '../print.ts';
import { type CommonOptions, eventStoreAddress, wholeNumber, withOptions } from '../settings.ts';
import { followOrders } from '../watch/follow-orders.ts';
import { createOrderBoard, type OrderChange } from '../watch/order-board.ts';
import { boardLines, changeLine } from '../watch/render-changes.ts';
import { createScreen } from '../watch/screen.ts';

interface WatchOptions extends CommonOptions, OrderFilters {
  readonly count?: string;
}

/** So many events before now fill the table at the start. */
const EARLIER = 300n;
const TICK_MS = 1_000;
/** If the terminal does not say. */
const SIZE = { rows: 24, columns: 120 };

export function addWatchCommand(program: Command): void {
  const watch = withExample(program.command('watch'), 'watch --restaurant trattoria');
  withOrderFilters(withOptions(watch, 'eventStore', 'json'))
    .description(
      'follow orders as they change, until Ctrl-C: a table on a terminal, else a line for each ' +
        'change, with --json one JSON object a line. Where texts are sealed, customers have pseudonyms',
    )
    .option('--count <n>', 'end after this many changes')
    .action(async (options: WatchOptions) => {
      const count =
        options.count === undefined
          ? Number.POSITIVE_INFINITY
          : wholeNumber('--count', options.count, 1);
      const ended = new AbortController();
      const end = () => ended.abort();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
      await withEventStore(eventStoreAddress(options), async (store) => {
        const { decimals } = await currencyOfLog(store);
        const onTerminal = process.stdout.isTTY === true && !options.json;
        await (onTerminal ? watchTable : watchLines)(store, options, {
          decimals,
          wanted: passing(options, decimals),
          count,
          end,
          signal: ended.signal,
        });
      });
    });
}

interface Watching {
  readonly decimals: number;
  readonly wanted: (change: OrderChange) => boolean;
  /** So many changes end it. */
  readonly count: number;
  readonly end: () => void;
  readonly signal: AbortSignal;
}

async function watchLines(
  store: EventStore,
  { json }: CommonOptions,
  { decimals, wanted, count, end, signal }: Watching,
): Promise<void> {
  let told = 0;
  await followOrders(background(), {
    store,
    board: createOrderBoard(orderEventCodec(decimals), decimals),
    after: await store.head(background()),
    signal,
    async onChange(change) {
      if (!wanted(change) || told >= count) return;
      told++;
      print({ ...(json && { json }) }, change, (one) => changeLine(one, decimals, terminalPaint));
      if (told >= count) end();
      // A reader that is slow must not fill our memory.
      if (process.stdout.writableNeedDrain) {
        await once(process.stdout, 'drain', { signal }).catch(() => {});
      }
    },
  });
}

async function watchTable(
  store: EventStore,
  _options: CommonOptions,
  { decimals, wanted, count, end, signal }: Watching,
): Promise<void> {
  const board = createOrderBoard(orderEventCodec(decimals), decimals);
  const head = await store.head(background());
  let position = Number(head);
  let away = false;
  let told = 0;
  const screen = createScreen(process.stdout);
  const show = () =>
    screen.show(() => {
      const { rows: lines = SIZE.rows, columns = SIZE.columns } = process.stdout;
      const rows = shownAll(board.rows().filter(wanted));
      const shown = { rows, position, away, now: new Date(), lines, columns };
      return boardLines(shown, decimals, terminalPaint);
    });
  // The ages of what does not change grow, too.
  const ticking = setInterval(show, TICK_MS);
  process.stdout.on('resize', show);
  try {
    show();
    await followOrders(background(), {
      store,
      board,
      after: head > EARLIER ? head - EARLIER : 0n,
      signal,
      onAway(now) {
        away = now;
        show();
      },
      onChange(change) {
        position = Math.max(position, change.position);
        if (change.position > Number(head) && wanted(change) && ++told >= count) end();
        show();
      },
    });
  } finally {
    clearInterval(ticking);
    process.stdout.off('resize', show);
    screen.end();
  }
}
