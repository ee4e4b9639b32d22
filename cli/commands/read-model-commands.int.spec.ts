import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createEndpoints } from '../../services/eventstoresvc/endpoints.ts';
import { createGrpcService } from '../../services/eventstoresvc/transport-grpc.ts';
import { sqlReadModel as readersModel } from '../../services/ordersvc/views/order-rows.ts';
import { queryModelEndpoints } from '../../services/querymodelworker/endpoints.ts';
import { rebuildReadModel } from '../../services/querymodelworker/rebuild/rebuild-read-model.ts';
import { createQueryModelService } from '../../services/querymodelworker/service.ts';
import { sqlReadModel } from '../../services/querymodelworker/table/read-model.ts';
import { logTransport } from '../../services/querymodelworker/transport-log.ts';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { ServedEventStore } from '../../shared/eventstore/event-store.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { nop } from '../../shared/kit/endpoint.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { grpcServer } from '../../shared/kit/transport/grpc/grpc-server.ts';
import { noHook } from '../../shared/kit/transport/hooks.ts';
import { minor } from '../../shared/money/money.ts';
import { orderCreated, type WorkerRig, workerRig } from '../../shared/testing/worker-rig.ts';
import { testNats, testPostgres } from '../../stack/testing.ts';
import { until } from '../../stack/until.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const proto = fileURLToPath(new URL('../../proto/eventstore.proto', import.meta.url));
const migrations = fileURLToPath(
  new URL('../../services/querymodelworker/migrations', import.meta.url),
);
const ctx = background();
const codec = orderEventCodec(2);

async function emptyReadModel(): Promise<{ url: string; database: Database }> {
  const url = await (await testPostgres()).createDatabase();
  await migrate({ url, folder: migrations, logger: silentLogger });
  const database = createDatabase({
    url,
    name: 'test',
    poolSize: 8,
    queryTimeoutMs: 10_000,
    logger: silentLogger,
  });
  return { url, database };
}

describe('a rebuild under load', function suite() {
  this.timeout(120_000);
  let rig: WorkerRig;
  let database: Database;

  before(async () => {
    rig = await workerRig(await testNats());
    ({ database } = await emptyReadModel());
  });
  after(async () => {
    await rig?.stop();
    await database?.stop();
  });

  it('readers see no error, no missing order and no older state, whatever comes meanwhile', async () => {
    const service = createQueryModelService(sqlReadModel(database), codec);
    await rig.start(
      logTransport(
        queryModelEndpoints(service, () => (next) => next),
        {
          checkpoint: service.checkpoint,
          place: sqlReadModel(database).place,
          log: rig.log.store,
          hook: noHook,
          maxBatch: 50,
          gatherMs: 1,
          logger: silentLogger,
        },
      ),
    );
    const placed: string[] = [];
    /** Orders that a reader has seen, with their versions then. */
    const seen = new Map<string, bigint>();
    const readers = readersModel(database);
    let running = true;
    let reads = 0;

    async function load(): Promise<void> {
      for (let n = 0; running || n % 2 > 0; n++) {
        const orderId = placed[n >> 1] ?? `order-${n >> 1}`;
        if (n % 2 === 0) {
          await rig.append(orderCreated(orderId));
          placed.push(orderId);
        } else {
          const paid = { customerId: 'customer-1', amount: minor(100), paymentId: 'p' };
          await rig.append({ type: 'paymentdebited', orderId, ...paid });
        }
        await rig.log.published();
      }
    }
    async function readOrders(): Promise<void> {
      for (let n = 0; running; n = (n + 7) % Math.max(1, placed.length)) {
        const orderId = placed[n];
        const before = orderId === undefined ? undefined : (seen.get(orderId) ?? 0n);
        if (orderId === undefined || before === undefined) {
          await rig.log.published();
          continue;
        }
        const found = await readers.find(ctx, orderId);
        assert.ok((found?.version ?? 0n) >= before, `${orderId}: ${found?.version} < ${before}`);
        if (found !== undefined && found.version > (seen.get(orderId) ?? 0n)) {
          seen.set(orderId, found.version);
        }
        reads++;
      }
    }
    async function readLists(): Promise<void> {
      let least = 0;
      let position = 0n;
      while (running) {
        let orders = 0;
        let after: Awaited<ReturnType<typeof readers.list>>['next'];
        do {
          const page = await readers.list(ctx, { customerId: 'customer-1', limit: 100, after });
          assert.ok(page.position >= position, `${page.position} < ${position}`);
          position = page.position;
          orders += page.orders.length;
          after = page.next;
        } while (after !== undefined);
        assert.ok(orders >= least, `${orders} orders where there were ${least}`);
        least = orders;
        reads++;
      }
    }

    const work = [load(), readOrders(), readOrders(), readLists()];
    const failed = Promise.race(work.map((task) => task.then(() => new Promise<never>(() => 0))));
    const rebuilding = (async () => {
      await until(() => seen.size > 20, { what: 'orders to be read', deadlineMs: 20_000 });
      for (let n = 0; n < 8; n++) {
        const { comparison } = await rebuildReadModel(ctx, {
          log: rig.log.store,
          database,
          codec,
        });
        assert.deepEqual(comparison?.listed, []);
      }
    })();
    try {
      await Promise.race([rebuilding, failed]);
    } finally {
      running = false;
    }
    await Promise.all(work);
    const head = await rig.log.store.head(ctx);
    await until(async () => (await service.checkpoint(ctx)) === head, {
      what: 'all projected',
      deadlineMs: 20_000,
    });
    assert.ok(reads > 100, `${reads} reads`);
    for (const orderId of placed) assert.equal((await readers.find(ctx, orderId))?.version, 2n);
  });
});

describe('orders read-model rebuild', function suite() {
  this.timeout(120_000);
  let store: ServedEventStore;
  let server: ReturnType<typeof grpcServer>;
  let database: Database;
  let env: Record<string, string>;

  beforeEach(async () => {
    store = createMemoryEventStore({ stream: ORDERS_STREAM });
    const service = createGrpcService(
      createEndpoints(store, () => nop),
      ORDERS_STREAM,
      noHook,
      512 * 1024,
    );
    server = grpcServer({
      host: '127.0.0.1',
      port: 0,
      services: [service],
      protoPath: proto,
      logger: silentLogger,
    });
    await server.start?.();
    const made = await emptyReadModel();
    database = made.database;
    env = { EVENTSTORE_ADDRESS: `127.0.0.1:${server.port()}`, ORDERS_DATABASE_URL: made.url };
  });
  afterEach(async () => {
    await server?.stop?.();
    await database?.stop();
  });

  const start = (...args: string[]) =>
    spawn(process.execPath, [main, 'read-model', 'rebuild', ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  async function place(count: number): Promise<void> {
    for (let n = 1; n <= count; n++) {
      const aggregateId = `order-${n}`;
      const own = { eventId: `e-${n}`, aggregateId, aggregateType: ORDER_AGGREGATE, metadata: {} };
      await store.append(ctx, { events: [{ ...own, ...codec.encode(orderCreated(aggregateId)) }] });
    }
  }

  it('goes on after a SIGKILL, and says what came of it to people and to programs', async () => {
    await place(30_000);
    const killed = start();
    const [line] = await once(killed.stderr.setEncoding('utf8'), 'data');
    assert.match(String(line), /^events: [\d,]+ of 30,000/);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const again = start('--json');
    const [out, told, [code]] = await Promise.all([
      text(again.stdout),
      text(again.stderr),
      once(again, 'exit'),
    ]);
    assert.equal(code, 0, told);
    const answer = JSON.parse(out);
    assert.ok(answer.resumed_at > 0 && answer.resumed_at < 30_000, out);
    assert.equal(answer.events, 30_000 - answer.resumed_at);
    assert.equal(answer.position, 30_000);
    // What was live was empty, and no more than its checkpoint said.
    assert.equal(answer.comparison.missing, 0);
    assert.equal((await sqlReadModel(database).orderIds(ctx, '', 100_000)).length, 30_000);
    const third = start();
    const [words] = await Promise.all([text(third.stdout), once(third, 'exit')]);
    assert.match(
      words,
      /^the read model matches the log up to position 30000: 30000 events read in /,
    );
    assert.match(words, /30000 orders compared: the old table was right\n$/);
  });

  it('names the event store that does not answer', async () => {
    await server.stop?.();
    const run = start();
    const [told, [code]] = await Promise.all([text(run.stderr), once(run, 'exit')]);
    assert.equal(code, 1);
    assert.match(told, /No event store answers at 127\.0\.0\.1:/);
  });
});
