import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import {
  createLogCurrency,
  type LogCurrency,
} from '../../services/eventstoresvc/log/log-currency.ts';
import { createLogCopy, type LogCopy } from '../../services/eventstoresvc/recovery/log-copy.ts';
import { sqlLedger } from '../../services/paymentworker/gateway/ledger.ts';
import { createLedgerCopy } from '../../services/paymentworker/gateway/ledger-copy.ts';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import { background } from '../../shared/kit/context.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { minor } from '../../shared/money/money.ts';
import { currency, usd } from '../../shared/testing/test-currency.ts';
import { freePort } from '../../stack/ports.ts';
import { testFolder, testPostgres } from '../../stack/testing.ts';
import { backup } from './backup.ts';
import { restore } from './restore.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const migrations = (service: string) =>
  fileURLToPath(new URL(`../../services/${service}/migrations`, import.meta.url));
const ctx = background();
const codec = orderEventCodec(2);

interface System {
  readonly logUrl: string;
  readonly ledgerUrl: string;
  readonly log: Database;
  readonly ledger: Database;
  readonly books: {
    log: LogCopy;
    currency: LogCurrency;
    ledger: ReturnType<typeof createLedgerCopy>;
  };
}

describe('backup and restore', function suite() {
  this.timeout(120_000);
  const opened: Database[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((database) => database.stop()));
  });

  async function emptySystem(): Promise<System> {
    const made = async (service: string) => {
      const url = await (await testPostgres()).createDatabase();
      await migrate({ url, folder: migrations(service), logger: silentLogger });
      const database = createDatabase({
        url,
        name: 'test',
        poolSize: 2,
        queryTimeoutMs: 20_000,
        logger: silentLogger,
      });
      opened.push(database);
      return { url, database };
    };
    const log = await made('eventstoresvc');
    const ledger = await made('paymentworker');
    return {
      logUrl: log.url,
      ledgerUrl: ledger.url,
      log: log.database,
      ledger: ledger.database,
      books: {
        log: createLogCopy(log.database, ORDERS_STREAM),
        currency: createLogCurrency(log.database, ORDERS_STREAM),
        ledger: createLedgerCopy(ledger.database),
      },
    };
  }

  const rows = (database: Database, statement: string) =>
    database.query<Record<string, string | null>>(ctx, (sql) => sql.unsafe(statement));

  /** Everything that the two truths hold, as the database writes it. */
  const truths = async ({ log, ledger }: System) => [
    await rows(
      log,
      `select position::text, event_id, event_type, aggregate_type, aggregate_id, version::text,
              event_data, metadata::text, created_at::text, stream from events order by position`,
    ).then((found) => [...found]),
    await rows(ledger, 'select l::text as line from ledger l order by order_id').then((found) => [
      ...found,
    ]),
    await rows(log, 'select stream, position::text from log_head').then((found) => [...found]),
  ];

  /** Appends as the log does, one event. */
  async function append(
    system: System,
    aggregateId: string,
    event: { eventType: string; data: string; metadata?: string },
  ): Promise<void> {
    const metadata = event.metadata ?? '{}';
    await system.log.query(
      ctx,
      (sql) => sql`
        with head as (
          update log_head set position = position + 1 where stream = ${ORDERS_STREAM}::text
          returning position
        )
        insert into events (stream, position, event_id, event_type, aggregate_type, aggregate_id,
                            version, event_data, metadata)
        select ${ORDERS_STREAM}::text, head.position, ${randomUUID()}::text,
               ${event.eventType}::text, ${ORDER_AGGREGATE}::text, ${aggregateId}::text,
               1 + (select count(*) from events where aggregate_id = ${aggregateId}::text),
               ${event.data}::text, ${metadata}::text::jsonb
        from head`,
    );
  }

  const order = (system: System, event: OrderEvent) =>
    append(
      system,
      event.type === 'created' ? event.order.orderId : event.orderId,
      codec.encode(event),
    );
  const created = (orderId: string): OrderEvent => ({
    type: 'created',
    order: {
      orderId,
      customerId: 'c',
      restaurantId: 'r',
      amount: minor(100),
      items: [],
      createdOn: '2026-01-01T00:00:00.000Z',
    },
  });

  async function debit(system: System, orderId: string): Promise<void> {
    await sqlLedger(system.ledger).enter(
      ctx,
      { idempotencyKey: `debit-${orderId}`, orderId, customerId: 'c', amount: minor(100) },
      { outcome: 'debited', paymentId: `payment-${orderId}` },
    );
  }
  const voided = (system: System, orderId: string) =>
    sqlLedger(system.ledger).void(ctx, { idempotencyKey: `void-${orderId}`, orderId }, 'done');

  async function bytesOf(system: System): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    await backup(ctx, { ...system.books, write: async (bytes) => void chunks.push(bytes) });
    return Buffer.concat(chunks);
  }

  const restoring = (system: System, bytes: Uint8Array, log = system.books.log) =>
    restore(ctx, {
      ...system.books,
      log,
      bytes: async function* one() {
        yield bytes;
      },
    });

  it('every column has its place in the backup: one that is added must be, too', async () => {
    const system = await emptySystem();
    const columns = async (database: Database, table: string) =>
      (
        await rows(
          database,
          `select column_name as name from information_schema.columns
           where table_schema = 'public' and table_name = '${table}' order by ordinal_position`,
        )
      ).map(({ name }) => name);
    assert.deepEqual(await columns(system.log, 'events'), [
      'stream',
      'position',
      'event_id',
      'event_type',
      'aggregate_type',
      'aggregate_id',
      'version',
      'event_data',
      'metadata',
      'created_at',
    ]);
    assert.deepEqual(await columns(system.ledger, 'ledger'), [
      'idempotency_key',
      'order_id',
      'customer_id',
      'kind',
      'amount_minor',
      'outcome',
      'payment_id',
      'reason',
      'created_at',
      'void_key',
      'voided_at',
    ]);
  });

  it('awkward events come back byte for byte, with ids, versions, metadata and times', async () => {
    const system = await emptySystem();
    const awkward = [
      '',
      'null',
      '"\\u0000"',
      '{"a":1.0,"a":1e400,"b":9007199254740993}',
      '  {"spaced" :\t[ ] }\n',
      JSON.stringify({ quote: '"\\\u001f\u2028\ud83c\udf55', ключ: '\u202e' }),
      JSON.stringify('x'.repeat(400_000)),
      ...fc.sample(fc.json(), 300).filter((text) => !text.includes('\0')),
    ];
    for (const [n, data] of awkward.entries()) {
      const metadata = { traceparent: '00-a-b-01', odd: `"${n}\\ \u2028é` };
      await append(system, `order-${n % 40}`, {
        eventType: `ORDERS.${n % 2 ? 'created' : 'tasted'}`,
        data,
        metadata: JSON.stringify(metadata),
      });
    }
    const bytes = await bytesOf(system);
    const other = await emptySystem();
    const { events } = await restoring(other, bytes);
    assert.equal(events, awkward.length);
    assert.deepEqual(await truths(other), await truths(system));
  });

  it('what the ledger has beyond the log’s head is taken back', async () => {
    const system = await emptySystem();
    for (const id of ['asked', 'paid', 'voided', 'overtaken']) await order(system, created(id));
    for (const id of ['paid', 'voided']) {
      await debit(system, id);
      await order(system, {
        type: 'paymentdebited',
        orderId: id,
        customerId: 'c',
        amount: minor(100),
        paymentId: `payment-${id}`,
      });
    }
    await order(system, { type: 'voidrequested', orderId: 'voided', reason: 'x' });
    await voided(system, 'voided');
    // An aggregate that is no order, and whose void was asked for.
    await order(system, { type: 'voidrequested', orderId: 'ghost', reason: 'x' });
    await voided(system, 'ghost');
    const before = await truths(system);

    // While the backup is made, after it read the head:
    const log: LogCopy = {
      ...system.books.log,
      head: async (context) => {
        const head = await system.books.log.head(context);
        await debit(system, 'asked');
        await order(system, created('later'));
        await debit(system, 'later');
        await order(system, { type: 'voidrequested', orderId: 'paid', reason: 'x' });
        await voided(system, 'paid');
        await voided(system, 'overtaken');
        return head;
      },
    };
    const chunks: Uint8Array[] = [];
    const made = await backup(ctx, {
      log,
      currency: system.books.currency,
      ledger: system.books.ledger,
      write: async (bytes) => void chunks.push(bytes),
    });
    assert.deepEqual([made.events, made.lines, made.left_out], [8, 4, 2]);
    const other = await emptySystem();
    await restoring(other, Buffer.concat(chunks));
    const after = await truths(other);
    // The debit whose answer the log does not have yet is kept: it will be asked for again.
    const lines = await rows(other.ledger, 'select order_id, voided_at from ledger order by 1');
    assert.deepEqual(
      lines.map(({ order_id, voided_at }) => [order_id, voided_at !== null]),
      [
        ['asked', false],
        ['ghost', true],
        ['paid', false],
        ['voided', true],
      ],
    );
    assert.deepEqual([after[0], after[2]], [before[0], before[2]]);
  });

  it('is put into an empty system only, and nothing is written into another', async () => {
    const system = await emptySystem();
    await order(system, created('order-1'));
    await debit(system, 'order-1');
    const bytes = await bytesOf(system);
    const before = await truths(system);
    await assert.rejects(restoring(system, bytes), { code: 'restore_not_empty' });
    assert.deepEqual(await truths(system), before);
    const withLedger = await emptySystem();
    await debit(withLedger, 'order-9');
    await assert.rejects(restoring(withLedger, bytes), { code: 'restore_not_empty' });
    assert.equal((await rows(withLedger.log, 'select 1 as one from events')).length, 0);
  });

  it('carries the currency of the log, which stands in the restored system whatever stood there', async () => {
    const system = await emptySystem();
    const jpy = currency('JPY');
    await system.books.currency.settle(ctx, jpy);
    await order(system, created('order-1'));
    const bytes = await bytesOf(system);
    const other = await emptySystem();
    // It had been started once, with the default.
    await other.books.currency.settle(ctx, usd);
    assert.deepEqual((await restoring(other, bytes)).currency, jpy);
    assert.deepEqual(await other.books.currency.written(ctx), jpy);
  });

  it('of a log that does not know its currency says nothing of it: the first service to start does, whatever stood there', async () => {
    const system = await emptySystem();
    await order(system, created('order-1'));
    const bytes = await bytesOf(system);
    const other = await emptySystem();
    // It had been started once, with the default, which says nothing of these events.
    await other.books.currency.settle(ctx, usd);
    assert.equal((await restoring(other, bytes)).currency, undefined);
    assert.equal(await other.books.currency.written(ctx), undefined);
  });

  it('is made of the tables of an older release, too: a backup comes before its upgrade', async () => {
    const system = await emptySystem();
    await order(system, created('order-1'));
    await rows(system.log, 'drop table log_currency');
    const other = await emptySystem();
    const done = await restoring(other, await bytesOf(system));
    assert.deepEqual([done.events, done.currency], [1, undefined]);
  });

  it('a damaged backup writes nothing', async () => {
    const system = await emptySystem();
    for (let n = 0; n < 50; n++) await order(system, created(`order-${n}`));
    const bytes = await bytesOf(system);
    const other = await emptySystem();
    const empty = await truths(other);
    for (let at = 20; at < bytes.length; at += 97) {
      const wrong = Buffer.from(bytes);
      wrong[at] = (wrong[at] ?? 0) ^ 4;
      await assert.rejects(restoring(other, wrong), { code: 'backup_damaged' });
    }
    assert.deepEqual(await truths(other), empty);
    assert.equal(await other.books.log.isEmpty(ctx), true);
  });

  it('killed anywhere it is gone on with, shows no event before its end, and keeps other backups out', async () => {
    const system = await emptySystem();
    for (let n = 0; n < 30; n++) {
      await order(system, created(`order-${n}`));
      await debit(system, `order-${n}`);
    }
    const bytes = await bytesOf(system);
    await order(system, created('order-more'));
    const another = await bytesOf(system);
    const wanted = await emptySystem();
    await restoring(wanted, bytes);
    const other = await emptySystem();
    class Killed extends Error {}
    let finished = false;
    for (let n = 1; !finished; n++) {
      assert.ok(n < 60, 'it never got through');
      let left = n;
      const mortal: Database = {
        ...other.log,
        query: async (context, statement) => {
          const answer = await other.log.query(context, statement);
          if (--left === 0) throw new Killed();
          return answer;
        },
      };
      try {
        await restoring(other, bytes, createLogCopy(mortal, ORDERS_STREAM));
        finished = true;
      } catch (error) {
        if ((await other.books.log.head(ctx)) === 30n) break;
        if (!(error instanceof Killed)) throw error;
        if ((await other.books.log.begun(ctx)) !== undefined) {
          await assert.rejects(restoring(other, another), { code: 'restore_not_empty' });
        }
      }
    }
    assert.deepEqual(await truths(other), await truths(wanted));
    assert.equal((await rows(other.log, 'select consumer from checkpoints')).length, 0);
  });

  it('workers go on where they were, before the first message that waits for somebody', async () => {
    const system = await emptySystem();
    for (let n = 0; n < 6; n++) await order(system, created(`order-${n}`));
    const idAt = async (position: number) =>
      (await rows(system.log, `select event_id from events where position = ${position}`))[0]
        ?.event_id;
    const at = async (consumer: string, position: number) =>
      rows(
        system.log,
        `insert into checkpoints (consumer, position, event_id)
         values ('${consumer}', ${position}, '${await idAt(position)}')`,
      );
    const letter = (consumer: string, position: number, resolved: string) =>
      rows(
        system.log,
        `insert into dead_letters
           (consumer, position, event_id, reason, last_error, deliveries, traceparent, resolved_at)
         values ('${consumer}', ${position}, 'x', 'r', 'e', 1, '', ${resolved})`,
      );
    await at(durables.payment, 6);
    await at(durables.review, 5);
    await at(durables.saga, 6);
    await letter(durables.review, 2, 'now()');
    await letter(durables.review, 4, 'null');
    await letter(durables.saga, 1, 'null');
    const other = await emptySystem();
    await restoring(other, await bytesOf(system));
    const places = await rows(
      other.log,
      'select consumer, position::text, event_id, delivered::text from checkpoints order by consumer',
    );
    assert.deepEqual(
      [...places],
      [
        { consumer: durables.payment, position: '6', event_id: await idAt(6), delivered: '6' },
        { consumer: durables.review, position: '3', event_id: await idAt(3), delivered: '3' },
      ],
    );
  });

  it('a place that the log does not have is nobody’s', async () => {
    const system = await emptySystem();
    for (let n = 0; n < 3; n++) await order(system, created(`order-${n}`));
    await rows(
      system.log,
      `insert into checkpoints (consumer, position, event_id)
       values ('${durables.payment}', 9, 'z'), ('${durables.review}', 2, 'of another log')`,
    );
    const other = await emptySystem();
    await restoring(other, await bytesOf(system));
    assert.equal((await rows(other.log, 'select consumer from checkpoints')).length, 0);
  });

  it('somebody who appends meanwhile is noticed, and the head does not move', async () => {
    const system = await emptySystem();
    for (let n = 0; n < 3; n++) await order(system, created(`order-${n}`));
    const bytes = await bytesOf(system);
    const other = await emptySystem();
    const log: LogCopy = {
      ...other.books.log,
      begin: async (context, name) => {
        await other.books.log.begin(context, name);
        await order(other, created('order-in-between'));
      },
    };
    await assert.rejects(restoring(other, bytes, log), { code: 'restore_differs' });
    assert.equal(await other.books.log.head(ctx), 1n);
    // Nor does it where somebody appends at the very end.
    await other.books.log.begin(ctx, 'at the end');
    assert.equal(await other.books.log.finish(ctx, 'at the end', 3n, []), false);
    assert.equal(await other.books.log.head(ctx), 1n);
  });

  it('what is not read back as it was in the backup is not shown to anybody', async () => {
    const system = await emptySystem();
    for (let n = 0; n < 3; n++) await order(system, created(`order-${n}`));
    const bytes = await bytesOf(system);
    const other = await emptySystem();
    const log: LogCopy = {
      ...other.books.log,
      write: (context, events) =>
        other.books.log.write(
          context,
          events.map((event) => ({ ...event, data: `${event.data} ` })),
        ),
    };
    await assert.rejects(restoring(other, bytes, log), { code: 'restore_differs' });
    assert.equal(await other.books.log.head(ctx), 0n);
  });

  describe('as commands', () => {
    const run = (args: readonly string[], system: System, grpc: number, stdin?: Buffer) =>
      new Promise<{ code: number; stdout: Buffer; stderr: string }>((resolve) => {
        const env = {
          ...process.env,
          EVENTSTORE_DATABASE_URL: system.logUrl,
          PAYMENTS_DATABASE_URL: system.ledgerUrl,
          EVENTSTORE_ADDRESS: `127.0.0.1:${grpc}`,
        };
        const child = execFile(
          process.execPath,
          [main, ...args],
          { env, encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
          (error, stdout, stderr) =>
            resolve({ code: Number(error?.code ?? 0), stdout, stderr: stderr.toString() }),
        );
        child.stdin?.end(stdin);
      });

    it('through a file, and through pipes, and nothing is left beside it', async () => {
      const system = await emptySystem();
      for (let n = 0; n < 20; n++) await order(system, created(`order-${n}`));
      await debit(system, 'order-1');
      const grpc = await freePort();
      const folder = await testFolder();
      const file = join(folder, 'orders.backup');
      const done = await run(['backup', file, '--json'], system, grpc);
      assert.equal(done.code, 0, done.stderr);
      const told = JSON.parse(done.stdout.toString());
      assert.deepEqual([told.events, told.ledger_lines, told.head], [20, 1, 20]);
      assert.deepEqual(await readdir(folder), ['orders.backup']);
      const again = await run(['backup', file], system, grpc);
      assert.equal(again.code, 2);
      assert.match(again.stderr, /already exists: name another/);

      const checked = await run(['restore', file, '--check'], system, grpc);
      assert.match(checked.stdout.toString(), /is intact: 20 events up to position 20 and 1 lines/);

      const piped = await run(['backup', '-'], system, grpc);
      assert.equal(piped.code, 0, piped.stderr);
      assert.match(piped.stderr, /20 events up to position 20/);
      const other = await emptySystem();
      const restored = await run(['restore', '-'], other, grpc, piped.stdout);
      assert.equal(restored.code, 0, restored.stderr);
      assert.deepEqual(await truths(other), await truths(system));

      const bytes = await readFile(file);
      await writeFile(file, bytes.subarray(0, -1));
      const torn = await run(['restore', file], await emptySystem(), grpc);
      assert.equal(torn.code, 4);
      assert.match(torn.stderr, new RegExp(`It ends at byte ${bytes.length - 1}, inside the part`));
      createReadStream(file).destroy();
    });

    it('a restore is refused while an event store answers', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      try {
        const system = await emptySystem();
        await order(system, created('order-1'));
        const file = join(await testFolder(), 'orders.backup');
        const { port } = server.address() as AddressInfo;
        await run(['backup', file], system, port);
        const refused = await run(['restore', file], await emptySystem(), port);
        assert.equal(refused.code, 4);
        assert.match(
          refused.stderr,
          /event store at 127\.0\.0\.1:\d+ is still running.*SERVICES=none/,
        );
      } finally {
        server.close();
      }
    });
  });
});
