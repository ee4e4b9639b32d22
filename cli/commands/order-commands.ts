/** `ordersctl place | get | list | cancel | approve | reject`: what ordersvc does, by hand. */
import { text as textOf } from 'node:stream/consumers';
import type { Command } from 'commander';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../services/ordersvc/views/order-list.ts';
import type { OrderAnswer, OrderListAnswer, PlacedAnswer } from '../../shared/contracts/http.ts';
import { secondsOf } from '../age.ts';
import { EXAMPLE_ORDER, withExample } from '../example.ts';
import { fileText } from '../file-text.ts';
import { UsageError } from '../option.ts';
import { type OrderFilters, orderQuery, withOrderFilters } from '../order-filters.ts';
import { type ApiAnswer, type OrdersApi, ordersApi } from '../orders-api.ts';
import { terminalPaint } from '../paint.ts';
import { describesOrder, type PlaceOptions, placeBody } from '../place-body.ts';
import { print, printJson } from '../print.ts';
import { amountText, renderList, renderOrder } from '../render-order.ts';
import { type CommonOptions, currencyDecimals, ordersUrl, withOptions } from '../settings.ts';

const ORDERS = '/api/orders';
const PLACE = 'place --customer ada --restaurant trattoria --item PZ1:Pizza:9.50:2';

export function addOrderCommands(program: Command): void {
  withOptions(withExample(program.command('place'), PLACE), 'orders', 'json')
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

  withOptions(withExample(program.command('get'), `get ${EXAMPLE_ORDER}`), 'orders', 'json')
    .description('show an order')
    .argument('<order id>')
    .action(async (id: string, options: CommonOptions) => {
      printOrder(options, await api(options).call('GET', path(id)));
    });

  const list = withExample(program.command('list'), 'list --status Paid --older-than 15m');
  withOrderFilters(withOptions(list, 'orders', 'json'))
    .description('list orders, newest first: all, or those that match every filter')
    .option('--older-than <age>', 'placed at least this long ago: 90s, 15m, 2h, 3d')
    .option('--open', 'only Pending and Paid ones')
    .option('--overdue', 'only those that wait longer than they may')
    .option('--limit <n>', `at most this many, up to ${MAX_LIMIT} (default: ${DEFAULT_LIMIT})`)
    .option('--cursor <cursor>', 'continue where a page ended')
    .action(async (options: CommonOptions & ListOptions) => {
      const answer = await api(options).call('GET', `${ORDERS}?${listQuery(options)}`);
      printAnswer(options, answer, (read) =>
        renderList(read as OrderListAnswer, currencyDecimals(), terminalPaint),
      );
    });

  decision(program, 'cancel', 'cancel an order that is Pending or Paid', " --reason 'too slow'")
    .option('--reason <text>', 'why')
    .action((id: string, options: Decision) => decide('cancel', id, options));
  decision(program, 'approve', 'accept an order that is Paid, as its restaurant').action(
    (id: string, options: Decision) => decide('approve', id, options),
  );
  decision(
    program,
    'reject',
    'reject an order that is Paid, as its restaurant',
    " --reason 'sold out'",
  )
    .requiredOption('--reason <text>', 'why')
    .action((id: string, options: Decision) => decide('reject', id, options));
}

interface ListOptions extends OrderFilters {
  readonly olderThan?: string;
  readonly open?: true;
  readonly overdue?: true;
  readonly limit?: string;
  readonly cursor?: string;
}

/** The query as given; ordersvc validates it. */
function listQuery(options: ListOptions): URLSearchParams {
  const { olderThan, open, overdue, limit, cursor } = options;
  return orderQuery(options, {
    older_than: olderThan === undefined ? undefined : String(secondsOf('--older-than', olderThan)),
    open: open && 'true',
    overdue: overdue && 'true',
    limit,
    cursor,
  });
}

interface Place extends CommonOptions, PlaceOptions {
  readonly file?: string;
  readonly idempotencyKey?: string;
}

interface Decision extends CommonOptions {
  readonly reason?: string;
}

function decision(program: Command, name: string, description: string, why = ''): Command {
  const example = `${name} ${EXAMPLE_ORDER}${why}`;
  return withOptions(withExample(program.command(name), example), 'orders', 'json')
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
  const json = await (source === '-' ? textOf(process.stdin) : fileText('--file', source));
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
