/** `ordersctl place | get | list | cancel | approve | reject`: what ordersvc does, by hand. */
import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import type { Command } from 'commander';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../services/ordersvc/views/order-list.ts';
import {
  type OrderAnswer,
  type OrderListAnswer,
  orderStatuses,
  type PlacedAnswer,
} from '../../shared/contracts/http.ts';
import { secondsOf } from '../age.ts';
import { UsageError } from '../option.ts';
import { type ApiAnswer, type OrdersApi, ordersApi } from '../orders-api.ts';
import { terminalPaint } from '../paint.ts';
import { describesOrder, type PlaceOptions, placeBody } from '../place-body.ts';
import { print, printJson } from '../print.ts';
import { amountText, renderList, renderOrder } from '../render-order.ts';
import { type CommonOptions, currencyDecimals, ordersUrl, withOptions } from '../settings.ts';

const ORDERS = '/api/orders';

export function addOrderCommands(program: Command): void {
  withOptions(program.command('place'), 'orders', 'json')
    .description('place an order, given by options, by --file, or as JSON on standard input')
    .option('--customer <id>', 'who orders')
    .option('--restaurant <id>', 'the restaurant')
    .option('--item <code:name:unit price:quantity...>', 'such as P1:Pizza:9.50:2')
    .option('--file <path>', 'JSON as for POST /api/orders; - is standard input')
    .option('--idempotency-key <key>', 'with the same key and customer the order is placed once')
    .action(async (options: Place) => {
      const answer = await api(options).call('POST', ORDERS, {
        body: await bodyOf(options),
        ...(options.idempotencyKey !== undefined && {
          headers: { 'idempotency-key': options.idempotencyKey },
        }),
      });
      printAnswer(options, answer, (read, traceId) => {
        const { order_id, amount } = read as PlacedAnswer;
        const trace = traceId === undefined ? '' : `\n  trace ${traceId}`;
        return `order ${order_id} is placed: ${amountText(amount, currencyDecimals())} in total${trace}`;
      });
    });

  withOptions(program.command('get'), 'orders', 'json')
    .description('show an order')
    .argument('<order id>')
    .action(async (id: string, options: CommonOptions) => {
      printOrder(options, await api(options).call('GET', path(id)));
    });

  withOptions(program.command('list'), 'orders', 'json')
    .description('list orders by customer, restaurant or status, newest first')
    .option('--customer <id>', 'who ordered')
    .option('--restaurant <id>', 'only of this restaurant')
    .option('--status <status>', orderStatuses.join(', '))
    .option('--older-than <age>', 'placed at least this long ago: 90s, 15m, 2h, 3d')
    .option('--limit <n>', `at most this many, up to ${MAX_LIMIT} (default: ${DEFAULT_LIMIT})`)
    .option('--cursor <cursor>', 'continue where a page ended')
    .action(async (options: CommonOptions & ListOptions) => {
      const answer = await api(options).call('GET', `${ORDERS}?${listQuery(options)}`);
      printAnswer(options, answer, (read) =>
        renderList(read as OrderListAnswer, currencyDecimals(), terminalPaint),
      );
    });

  decision(program, 'cancel', 'cancel an order that is Pending or Paid')
    .option('--reason <text>', 'why')
    .action((id: string, options: Decision) => decide('cancel', id, options));
  decision(program, 'approve', 'accept an order that is Paid, as its restaurant').action(
    (id: string, options: Decision) => decide('approve', id, options),
  );
  decision(program, 'reject', 'reject an order that is Paid, as its restaurant')
    .requiredOption('--reason <text>', 'why')
    .action((id: string, options: Decision) => decide('reject', id, options));
}

interface ListOptions {
  readonly customer?: string;
  readonly restaurant?: string;
  readonly status?: string;
  readonly olderThan?: string;
  readonly limit?: string;
  readonly cursor?: string;
}

/** The query as given; ordersvc validates it. */
function listQuery(options: ListOptions): URLSearchParams {
  const { customer, restaurant, status, olderThan, limit, cursor } = options;
  if ([customer, restaurant, status].every((given) => given === undefined)) {
    throw new UsageError('give --customer, --restaurant or --status');
  }
  const asked = {
    customer_id: customer,
    restaurant_id: restaurant,
    status,
    older_than: olderThan === undefined ? undefined : String(secondsOf('--older-than', olderThan)),
    limit,
    cursor,
  };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) {
    if (value !== undefined) query.set(name, value);
  }
  return query;
}

interface Place extends CommonOptions, PlaceOptions {
  readonly file?: string;
  readonly idempotencyKey?: string;
}

interface Decision extends CommonOptions {
  readonly reason?: string;
}

function decision(program: Command, name: string, description: string): Command {
  return withOptions(program.command(name), 'orders', 'json')
    .description(`${description}; can be repeated`)
    .argument('<order id>');
}

async function decide(name: string, id: string, options: Decision): Promise<void> {
  const body = options.reason === undefined ? '{}' : JSON.stringify({ reason: options.reason });
  printOrder(options, await api(options).call('POST', `${path(id)}/${name}`, { body }));
}

async function bodyOf(options: Place): Promise<string> {
  if (options.file === undefined && describesOrder(options)) return placeBody(options);
  if (describesOrder(options)) throw new UsageError('give either --file or the order itself');
  const source = options.file ?? '-';
  if (source === '-' && process.stdin.isTTY) {
    throw new UsageError('give an order: --customer, --restaurant and --item, or --file');
  }
  const json = await (source === '-' ? textOf(process.stdin) : readFile(source, 'utf8')).catch(
    (error: Error) => {
      throw new UsageError(`--file: ${error.message}`);
    },
  );
  try {
    JSON.parse(json);
  } catch {
    throw new UsageError(`${source === '-' ? 'standard input' : source} is not JSON`);
  }
  return json;
}

const api = (options: CommonOptions): OrdersApi => ordersApi(ordersUrl(options));

/**
 * The address of an order with any id; ordersvc validates it. Two ids are impossible: in an
 * address `.` and `..` are path steps, percent-encoded or not.
 */
function path(id: string): string {
  if (/^\.{1,2}$/.test(id) || id === '') {
    throw new UsageError(`"${id}" is not a valid order id`);
  }
  return `${ORDERS}/${encodeURIComponent(id)}`;
}

function printOrder(options: CommonOptions, answer: ApiAnswer): void {
  printAnswer(options, answer, (read) =>
    renderOrder(read as OrderAnswer, currencyDecimals(), terminalPaint),
  );
}

/** JSON is printed unchanged, so that numbers keep their digits. */
function printAnswer(
  options: CommonOptions,
  { text, traceId }: ApiAnswer,
  render: (read: unknown, traceId: string | undefined) => string,
): void {
  if (options.json) printJson(text);
  else {
    const found = { read: JSON.parse(text) as unknown, traceId };
    print(options, found, ({ read, traceId }) => render(read, traceId));
  }
}
