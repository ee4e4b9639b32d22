import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { checkingService } from '../services/eventstoresvc/checking.ts';
import { createEndpoints } from '../services/eventstoresvc/endpoints.ts';
import { createGrpcService } from '../services/eventstoresvc/transport-grpc.ts';
import { orderEventCodec } from '../shared/contracts/events.ts';
import type { ServedEventStore } from '../shared/eventstore/event-store.ts';
import { createMemoryEventStore } from '../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../shared/kit/context.ts';
import { nop } from '../shared/kit/endpoint.ts';
import { silentLogger } from '../shared/kit/logger.ts';
import { migrate } from '../shared/kit/sql/migrations.ts';
import { grpcServer } from '../shared/kit/transport/grpc/grpc-server.ts';
import { noHook } from '../shared/kit/transport/hooks.ts';
import { minor } from '../shared/money/money.ts';
import { anEvent } from '../shared/testing/an-event.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { testPostgres } from '../stack/testing.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const proto = fileURLToPath(new URL('../proto/eventstore.proto', import.meta.url));
const sagaMigrations = fileURLToPath(
  new URL('../services/sagacoordinator/migrations', import.meta.url),
);
const ctx = background();
/** A command that starts on a busy machine takes its time. */
const PATIENCE_MS = 40_000;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], env: Record<string, string>, stdin = ''): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { timeout: PATIENCE_MS, env: { ...process.env, ...env } };
    const child = execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdin?.end(stdin);
  });
}

describe('the command orders, over HTTP', () => {
  let server: Server;
  let asked: { method: string; url: string; key: string | undefined; body: string }[];
  let answer: { status: number; body: object };
  let env: Record<string, string>;

  const order = {
    order_id: 'o-1',
    customer_id: 'c-1',
    restaurant_id: 'r-1',
    status: 'Pending',
    payment_status: 'none',
    amount: 9.5,
    order_items: [{ code: 'P', name: 'Pizza', unit_price: 9.5, quantity: 1 }],
    created_on: '2026-01-31T12:00:00.000Z',
    version: 1,
  };
  const orders = (...args: string[]) => run(args, env);
  const problem = (status: number, code: string, detail: string) => {
    answer = { status, body: { type: `urn:orders:problem:${code}`, status, code, detail } };
  };

  before(async () => {
    server = createServer(async (request, response) => {
      const { method = '', url = '', headers } = request;
      const key = headers['idempotency-key'] as string | undefined;
      asked.push({ method, url, key, body: await text(request) });
      response.writeHead(answer.status, { 'x-trace-id': 'trace-1' });
      response.end(JSON.stringify(answer.body));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    env = { ORDERS_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  });
  after(() => server.close());
  beforeEach(() => {
    asked = [];
    answer = { status: 200, body: order };
  });

  it('places an order from options, and hands on its idempotency key', async () => {
    answer = { status: 201, body: order };
    const item = ['--item', 'P:Pizza:9.50:1'];
    const who = ['--customer', 'c-1', '--restaurant', 'r-1'];
    const placed = await orders('place', ...who, ...item, '--idempotency-key', 'k-1');
    assert.deepEqual(placed, {
      code: 0,
      stdout: 'order o-1 is placed: 9.50 in total\n  trace trace-1\n',
      stderr: '',
    });
    const body =
      '{"customer_id":"c-1","restaurant_id":"r-1","order_items":[{"code":"P","name":"Pizza","unit_price":9.50,"quantity":1}]}';
    assert.deepEqual(asked, [{ method: 'POST', url: '/api/orders', key: 'k-1', body }]);
  });

  it('places an order from standard input as it is written, and prints the answer as it came', async () => {
    answer = { status: 201, body: order };
    const body = '{"customer_id": "c-1", "order_items": [{"unit_price": 9.50}]}';
    const placed = await run(['place', '--json'], env, body);
    assert.equal(placed.code, 0, placed.stderr);
    assert.deepEqual(JSON.parse(placed.stdout), order);
    assert.equal(asked[0]?.body, body);
  });

  it('gets, lists and decides', async () => {
    for (const [args, method, url, body] of [
      [['get', 'o/1'], 'GET', '/api/orders/o%2F1', ''],
      [['cancel', 'o-1'], 'POST', '/api/orders/o-1/cancel', '{}'],
      [['approve', 'o-1'], 'POST', '/api/orders/o-1/approve', '{}'],
      [['reject', 'o-1', '--reason', 'no'], 'POST', '/api/orders/o-1/reject', '{"reason":"no"}'],
    ] as const) {
      asked = [];
      const done = await orders(...args);
      assert.equal(done.code, 0, done.stderr);
      assert.match(done.stdout, /^order o-1: Pending\n/);
      assert.deepEqual(asked, [{ method, url, key: undefined, body }]);
    }
    answer = { status: 200, body: { orders: [order], position: 1 } };
    const listed = await orders('list', '--customer', 'c-1', '--limit', '5');
    assert.match(listed.stdout, /o-1\s+Pending\s+none/);
    assert.equal(asked.at(-1)?.url, '/api/orders?customer_id=c-1&limit=5');
    await orders('list', '--status', 'Paid', '--older-than', '15m', '--restaurant', 'r 1');
    assert.equal(asked.at(-1)?.url, '/api/orders?restaurant_id=r+1&status=Paid&older_than=900');
    await orders('list', '--open', '--overdue', '--min-amount', '9.50', '--max-amount', '20');
    assert.equal(
      asked.at(-1)?.url,
      '/api/orders?min_amount=9.50&max_amount=20&open=true&overdue=true',
    );
  });

  it('an id that is odd in an address reaches the server as it is; one that none can name is refused', async () => {
    problem(404, 'order_not_found', 'There is no such order.');
    for (const [id, path] of [
      ['../a?b#c', '..%2Fa%3Fb%23c'],
      ['%2e', '%252e'],
      ['é ', '%C3%A9%20'],
    ] as const) {
      asked = [];
      assert.equal((await orders('cancel', id)).code, 3);
      assert.equal(asked[0]?.url, `/api/orders/${path}/cancel`);
    }
    const refused = await orders('cancel', '.');
    assert.deepEqual(
      [refused.code, refused.stderr],
      [2, 'ordersctl: "." is not a valid order id\n'],
    );
  }).timeout(20_000);

  it('what is not found ends with 3, what is refused with 4, what is away with 1, each in one line', async () => {
    problem(404, 'order_not_found', 'There is no such order.');
    assert.deepEqual(await orders('get', 'o-2'), {
      code: 3,
      stdout: '',
      stderr: 'ordersctl: There is no such order. (order_not_found)\n',
    });
    problem(409, 'order_ended', 'Order o-1 is Approved and cannot be cancelled.');
    const refused = await orders('cancel', 'o-1');
    assert.deepEqual(
      [refused.code, refused.stderr],
      [4, 'ordersctl: Order o-1 is Approved and cannot be cancelled. (order_ended)\n'],
    );
    problem(503, 'overloaded', 'Too much is queued.');
    assert.equal((await orders('get', 'o-1')).code, 1);
    const away = await run(['get', 'o-1'], { ORDERS_URL: 'http://127.0.0.1:1' });
    assert.deepEqual(
      [away.code, away.stderr],
      [
        1,
        'ordersctl: No ordersvc answers at 127.0.0.1:1 → run make start, or name another address with --orders\n',
      ],
    );
  });

  it('says every field that is wrong in the one line, and with --json the whole problem', async () => {
    const problems = [
      { field: 'customer_id', message: 'is missing' },
      { field: 'order_items', message: 'must be a list' },
    ];
    const detail = 'The order is not valid.';
    answer = { status: 422, body: { code: 'invalid_order', detail, problems } };
    const invalid = await run(['place'], env, '{}');
    assert.deepEqual(
      [invalid.code, invalid.stderr],
      [
        4,
        'ordersctl: The order is not valid: customer_id is missing; order_items must be a list. (invalid_order)\n',
      ],
    );
    const json = await run(['place', '--json'], env, '{}');
    assert.deepEqual([json.code, json.stdout], [4, '']);
    assert.deepEqual(JSON.parse(json.stderr), answer.body);
  });

  it('texts of an order steer no terminal, as lines and as JSON', async () => {
    const nasty =
      '\u001b[2J\u009b\u202e\u2066\u200b\r\u001b]8;;http://evil\u0007x\u001b]8;;\u001b\\';
    const item = { code: nasty, name: nasty, unit_price: 9.5, quantity: 1 };
    const hostile = {
      ...order,
      order_id: nasty,
      customer_id: nasty,
      restaurant_id: nasty,
      status: nasty,
      reason: nasty,
      created_on: nasty,
      order_items: [item],
    };
    const isTame = ({ stdout, stderr }: Ended) =>
      assert.doesNotMatch(`${stdout}${stderr}`, /[^\P{C}\n]/u);
    for (const json of [[], ['--json']]) {
      for (const [body, args] of [
        [hostile, ['get', 'o-1']],
        [hostile, ['cancel', 'o-1']],
        [{ orders: [hostile], next_cursor: nasty, position: 1 }, ['list', '--customer', 'c-1']],
      ] as const) {
        answer = { status: 200, body };
        const told = await orders(...args, ...json);
        assert.equal(told.code, 0, told.stderr);
        isTame(told);
        if (json.length > 0) assert.deepEqual(JSON.parse(told.stdout), body);
      }
      problem(409, 'order_ended', `Order ${nasty} is Approved.`);
      const refused = await orders('cancel', 'o-1', ...json);
      assert.equal(refused.code, 4);
      isTame(refused);
    }
  }).timeout(60_000);

  it('what is used wrongly ends with 2 and asks nothing', async () => {
    for (const args of [
      ['reject', 'o-1'],
      ['list', '--status', 'Paid', '--older-than', 'yesterday'],
      ['list', '--status', 'Lost'],
      ['get'],
      ['unknown'],
      ['place', '--customer', 'c-1'],
      ['place', '--file', '/nowhere.json'],
      ['place', '--file', main],
      ['dlq', 'replay', 'payment-worker'],
      ['dlq', 'show', 'payment-worker', 'first'],
      ['dlq', 'list', '--state', 'lost'],
      ['get', '.'],
      ['cancel', '..'],
      ['approve', ''],
    ]) {
      const wrong = await orders(...args);
      assert.equal(wrong.code, 2, `${args.join(' ')}: ${wrong.stderr}`);
      const [line, hint = '', end] = wrong.stderr.split('\n');
      assert.notEqual(line, '');
      assert.match(
        hint,
        /^(ordersctl .*--help lists .*)?$/,
        'a line, and where there is more to know',
      );
      assert.ok(end === '' || end === undefined, wrong.stderr);
    }
    assert.deepEqual(asked, []);
  }).timeout(40_000);

  it('every help says the exit codes', async () => {
    for (const args of [['--help'], ['dlq', 'replay', '--help']]) {
      const help = await orders(...args);
      assert.equal(help.code, 0);
      assert.match(help.stdout, /Exit codes: 0 done; 1 failed/);
    }
  });
});

describe('the command orders, over the event store', () => {
  const limits = { stream: 'ORDERS', maxDataBytes: 100_000 };
  const anOrder = {
    orderId: 'o-1',
    customerId: 'c-1',
    restaurantId: 'r-1',
    amount: minor(950),
    items: [{ code: 'P', name: 'Pizza', unitPrice: minor(950), quantity: 1 }],
    createdOn: '2026-01-31T12:00:00.000Z',
  };
  const byCustomer = { decidedBy: 'customer', reason: 'too slow' } as const;
  let store: ServedEventStore;
  let server: ReturnType<typeof grpcServer>;
  let env: Record<string, string>;
  const orders = (...args: string[]) => run(args, env);

  beforeEach(async () => {
    store = createMemoryEventStore({ stream: 'ORDERS' });
    server = grpcServer({
      host: '127.0.0.1',
      port: 0,
      services: [
        createGrpcService(
          createEndpoints(checkingService(store, limits), () => nop),
          'ORDERS',
          noHook,
          512 * 1024,
        ),
      ],
      protoPath: proto,
      logger: silentLogger,
    });
    await server.start?.();
    env = { EVENTSTORE_ADDRESS: `127.0.0.1:${server.port()}`, ZIPKIN_URL: 'http://zipkin.test/' };
    const codec = orderEventCodec(2);
    const created = codec.encode({
      type: 'created',
      order: anOrder,
    });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const event = anEvent({ ...created, aggregateId: 'o-1', metadata: { traceparent } });
    await store.append(ctx, { events: [event] });
    await store.park(ctx, {
      consumer: 'payment-worker',
      position: 1n,
      eventId: event.eventId,
      reason: 'gateway_away',
      lastError: 'The gateway is away.',
      deliveries: 12,
      traceparent,
    });
  });
  afterEach(() => server.stop?.());

  it('explains an order: its events, its dead letters, its wait and its trace', async () => {
    const told = await orders('explain', 'o-1');
    assert.equal(told.code, 0, told.stderr);
    for (const said of [
      /^order o-1 is Pending, payment none\n/,
      /customer c-1 ordered at restaurant r-1: 1 × Pizza; 9\.50 in total/,
      /! payment-worker gave up on position 1 .* after 12 deliveries: gateway_away/,
      /It waits for the payment worker/,
      /trace http:\/\/zipkin\.test\/zipkin\/traces\/0af7651916cd43dd8448eb211c80319c\n$/,
    ]) {
      assert.match(told.stdout, said);
    }
    const { stdout } = await orders('explain', 'o-1', '--json');
    const { status, steps, dead_letters, waiting } = JSON.parse(stdout);
    assert.deepEqual([status, steps.length, dead_letters.length], ['Pending', 1, 1]);
    assert.deepEqual(waiting.consumers, ['payment-worker']);
    const unknown = await orders('explain', 'o-2');
    assert.deepEqual(
      [unknown.code, unknown.stderr],
      [3, 'ordersctl: There is no order o-2. (order_not_found)\n'],
    );
  });

  it('lists and shows dead letters', async () => {
    const listed = await orders('dlq', 'list', '--consumer', 'payment-worker');
    assert.match(listed.stdout, /payment-worker\s+1\s+parked\s+gateway_away/);
    assert.equal((await orders('dlq', 'list', '--state', 'resolved')).stdout, 'no dead letters\n');
    const { stdout } = await orders('dlq', 'show', 'payment-worker', '1', '--json');
    const shown = JSON.parse(stdout);
    assert.deepEqual(
      [shown.state, shown.event.order_id, shown.event.order_status],
      ['parked', 'o-1', 'Pending'],
    );
    assert.equal((await orders('dlq', 'show', 'payment-worker', '2')).code, 3);
  });

  it('a replay is asked for, unless it is a dry run; what is resolved is refused', async () => {
    const state = async () => (await store.deadLetters(ctx, { limit: 1 }))[0]?.state;
    const dry = await orders('dlq', 'replay', 'payment-worker', '--all', '--dry-run');
    assert.equal(
      dry.stdout,
      'payment-worker would be asked to process position 1 again: ORDERS.created of order o-1, which is Pending\n',
    );
    assert.equal(await state(), 'parked');
    const asked = await orders('dlq', 'replay', 'payment-worker', '1', '--wait', '0', '--json');
    assert.equal(asked.code, 0, asked.stderr);
    assert.equal(JSON.parse(asked.stdout).letters[0].state, 'requested');
    assert.equal(await state(), 'requested');
    await store.resolveReplay(ctx, { consumer: 'payment-worker', position: 1n });
    for (const more of [[], ['--dry-run']]) {
      assert.equal((await orders('dlq', 'replay', 'payment-worker', '1', ...more)).code, 4);
    }
    assert.equal((await orders('dlq', 'replay', 'payment-worker', '7')).code, 3);
  }).timeout(20_000);

  /** What a worker would do about the replay that it is asked for. */
  async function whenAsked(answer: () => Promise<void>): Promise<void> {
    await eventually('a replay is taken', async () => {
      return (await store.takeReplays(ctx, { consumer: 'payment-worker', limit: 1 })).length === 1;
    });
    await answer();
  }

  it('a replay says what came of it: served, parked again, or no answer yet', async () => {
    const replay = ['dlq', 'replay', 'payment-worker', '1'];
    const silent = await orders(...replay, '--wait', '1');
    assert.equal(silent.code, 1);
    assert.match(silent.stdout, /is asked to process .*\n.*has not answered position 1 in 1 s/);

    const [letter] = await store.deadLetters(ctx, { limit: 1 });
    assert.ok(letter);
    const parkAgain = () =>
      store.park(ctx, { ...letter, reason: 'still_away', lastError: 'The gateway is still away.' });
    // What was asked for in vain is over, so that the next one waits for its own replay.
    await whenAsked(parkAgain);
    const failing = whenAsked(parkAgain);
    const failed = await orders(...replay);
    await failing;
    assert.equal(failed.code, 1);
    assert.match(failed.stdout, /parked it again: still_away \(The gateway is still away\.\)\n$/);

    const serving = whenAsked(() =>
      store.resolveReplay(ctx, { consumer: 'payment-worker', position: 1n }),
    );
    const served = await orders(...replay, '--json');
    await serving;
    assert.equal(served.code, 0, served.stderr);
    const [told] = JSON.parse(served.stdout).letters;
    assert.deepEqual(
      [told.state, told.outcome, told.event.order_id],
      ['resolved', 'served', 'o-1'],
    );
  }).timeout(30_000);

  it('a letter is closed with a reason, which is kept; it is not replayed then', async () => {
    const close = ['dlq', 'close', 'payment-worker', '1'];
    assert.equal((await orders(...close)).code, 2);
    assert.equal((await orders(...close, '--reason', ' ')).code, 4);
    const closed = await orders(...close, '--reason', 'paid by hand');
    assert.equal(closed.code, 0, closed.stderr);
    assert.match(closed.stdout, /gave up on position 1 .*; closed at .* UTC: paid by hand\n$/);
    const listed = await orders('dlq', 'list', '--state', 'closed', '--json');
    assert.equal(JSON.parse(listed.stdout)[0].close_reason, 'paid by hand');
    const refused = await orders('dlq', 'replay', 'payment-worker', '1');
    assert.deepEqual(
      [refused.code, refused.stderr],
      [4, 'ordersctl: The dead letter is closed. (letter_closed)\n'],
    );
  }).timeout(30_000);

  it('more letters than one page holds are all listed, and a list says where to go on', async () => {
    for (let n = 2; n <= 1_250; n++) {
      await store.park(ctx, {
        consumer: 'review-worker',
        position: BigInt(n),
        eventId: `e-${n}`,
        reason: 'x',
        lastError: '',
        deliveries: 1,
        traceparent: '',
      });
    }
    const { stdout } = await orders('dlq', 'list', '--limit', '2000', '--json');
    const positions = JSON.parse(stdout).map(({ position }: { position: number }) => position);
    assert.deepEqual(
      positions,
      Array.from({ length: 1_250 }, (_, index) => index + 1),
    );
    const part = await orders('dlq', 'list', '--limit', '1240');
    const [, after = ''] = /more with --after (\S+)\n$/.exec(part.stdout) ?? [];
    assert.equal(after, '1240/review-worker');
    const rest = await orders('dlq', 'list', '--after', after, '--json');
    assert.equal(JSON.parse(rest.stdout).length, 10);
    assert.equal((await orders('dlq', 'list', '--after', '12')).code, 2);
  }).timeout(30_000);

  it('a consumer that there is not is said with those that there are', async () => {
    for (const args of [
      ['replay', 'paymentworker', '1'],
      ['replay', 'paymentworker', '--all'],
      ['show', 'paymentworker', '1'],
      ['list', '--consumer', 'paymentworker'],
    ]) {
      const wrong = await orders('dlq', ...args);
      assert.deepEqual(
        [wrong.code, wrong.stderr],
        [
          2,
          'ordersctl: there is no consumer "paymentworker"; there are payment-worker, review-worker, saga-coordinator\n',
        ],
      );
    }
  });

  it('texts of the books steer no terminal, as lines and as JSON', async () => {
    const nasty =
      '\u001b[2J\u009b\u202e\u2066\u200b\r\u001b]8;;http://evil\u0007x\u001b]8;;\u001b\\';
    const data = JSON.stringify({ reason: nasty, decided_by: nasty }).replaceAll(
      '\\u001b',
      '\u001b',
    );
    const event = anEvent({
      aggregateId: 'o-2',
      eventType: 'ORDERS.cancelled',
      data,
      metadata: { [nasty]: nasty },
    });
    await store.append(ctx, { events: [event] });
    await store.park(ctx, {
      consumer: 'payment-worker',
      position: 2n,
      eventId: event.eventId,
      reason: nasty,
      lastError: nasty,
      deliveries: 1,
      traceparent: nasty,
    });
    for (const json of [[], ['--json']]) {
      for (const args of [
        ['explain', 'o-2'],
        ['dlq', 'list'],
        ['dlq', 'show', 'payment-worker', '2'],
        ['dlq', 'replay', 'payment-worker', '2', '--dry-run'],
      ]) {
        const { code, stdout, stderr } = await orders(...args, ...json);
        assert.equal(code, 0, stderr);
        // A dry run names the order alone; the others show what was written.
        if (!args.includes('replay')) assert.match(stdout, /\[2J/);
        assert.doesNotMatch(stdout, /[^\P{C}\n]/u);
      }
    }
  }).timeout(60_000);

  it('watches orders as they change: one JSON object a line, until Ctrl-C', async () => {
    const options = { env: { ...process.env, ...env } };
    const watch = spawn(process.execPath, [main, 'watch', '--json'], options);
    let told = '';
    watch.stdout.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
    try {
      const change = anEvent({
        ...orderEventCodec(2).encode({ type: 'cancelled', orderId: 'o-1', ...byCustomer }),
        aggregateId: 'o-1',
      });
      // It tells what comes after its start, which is when it tells the first of these.
      const noise = () => store.append(ctx, { events: [anEvent({ data: '{}' })] });
      await eventually(
        'it follows',
        async () => {
          await noise();
          return told.includes('\n');
        },
        PATIENCE_MS,
      );
      await store.append(ctx, { events: [change] });
      const tells = async () => told.includes('"o-1"') && told.endsWith('\n');
      await eventually('it tells', tells, PATIENCE_MS);
      const lines = told.trimEnd().split('\n');
      const last = lines.map((line) => JSON.parse(line)).find((one) => one.order_id === 'o-1');
      assert.deepEqual(
        [last.status_before, last.status, last.reason, last.amount, last.version],
        ['Pending', 'Cancelled', 'too slow', 9.5, 2],
      );
    } finally {
      watch.kill('SIGINT');
    }
    const [code] = await once(watch, 'exit');
    assert.equal(code, 0);
  }).timeout(90_000);

  it('a watch ends by itself after so many changes, and says which filter is none', async () => {
    const watching = orders('watch', '--count', '1', '--customer', 'grace');
    const ended = watching.then(() => true);
    const codec = orderEventCodec(2);
    let n = 0;
    await eventually(
      'it ends',
      async () => {
        const order = { ...anOrder, orderId: `g-${++n}`, customerId: 'grace' };
        const event = codec.encode({ type: 'created', order });
        await store.append(ctx, { events: [anEvent({ ...event, aggregateId: order.orderId })] });
        return Promise.race([ended, Promise.resolve(false)]);
      },
      PATIENCE_MS,
    );
    const { code, stdout, stderr } = await watching;
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^\S+ \S+ UTC {2}g-\d+ {2}Pending {2}payment none {2}9\.50 {2}grace {2}r-1\n$/,
    );
    const wrong = await orders('watch', '--min-amount', 'much');
    assert.deepEqual([wrong.code, wrong.stdout], [2, '']);
    assert.match(wrong.stderr, /^ordersctl: --min-amount: must be an amount/);
  }).timeout(90_000);

  it('shows how far each consumer is', async () => {
    const place = { position: 0n, eventId: '', delivered: 1n };
    await store.saveCheckpoint(ctx, { consumer: 'payment-worker', ...place });
    const json = await orders('consumers', '--json');
    const { log_head, consumers } = JSON.parse(json.stdout);
    assert.equal(log_head, 1);
    assert.deepEqual(
      consumers.map((one: Record<string, unknown>) => [
        ...[one.consumer, one.position, one.waiting],
        ...[one.in_flight, one.parked],
      ]),
      [['payment-worker', 0, 1, 1, 1]],
    );
    const table = await orders('consumers');
    assert.match(table.stdout, /^the log ends at 1\n.*\npayment-worker {2}0 .* ago\n$/);
  }).timeout(60_000);

  it('rebuilds the deadlines from the log, and says which orders it could not read', async () => {
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder: sagaMigrations, logger: silentLogger });
    await store.append(ctx, { events: [anEvent({ aggregateId: 'poison', data: '{"n":1}' })] });
    await store.append(ctx, {
      events: [anEvent({ aggregateId: 'poison', eventType: 'ORDERS.cancelled', data: '{}' })],
    });
    const done = await orders('saga', 'rebuild', '--database', url, '--json');
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(JSON.parse(done.stdout), { events: 3, unreadable: ['poison'] });
    const sql = postgres(url, { max: 1 });
    try {
      assert.deepEqual(
        [...(await sql`select order_id, kind from deadlines`)],
        [{ order_id: 'o-1', kind: 'payment' }],
      );
    } finally {
      await sql.end();
    }
  }).timeout(30_000);

  it('an event store that is away is said in one line', async () => {
    const away = await run(['explain', 'o-1'], { EVENTSTORE_ADDRESS: '127.0.0.1:1' });
    assert.deepEqual(
      [away.code, away.stderr],
      [
        1,
        'ordersctl: No event store answers at 127.0.0.1:1 → run make start, or name another address with --eventstore\n',
      ],
    );
  });
});
