/** A connection that falls silent is found out and replaced, alone, and a server that does is told of. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import postgres from 'postgres';
import { type FaultyWire, faultyWire } from '../../../stack/faulty-wire.ts';
import { testPostgres } from '../../../stack/testing.ts';
import { eventually } from '../../testing/eventually.ts';
import { recordingMeter } from '../../testing/recording.ts';
import { background } from '../context.ts';
import { codedError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import { createDatabase, type Database, type DatabaseOptions } from './database.ts';

describe('a silent connection to the database', () => {
  const ctx = background();
  let url: string;
  let admin: postgres.Sql;
  /** Why connections were replaced, in their order. */
  let replaced: unknown[];
  let wires: FaultyWire[];

  const { meter } = recordingMeter(({ instrument, attributes }) => {
    if (instrument === 'db_client_connection_replaced_total') replaced.push(attributes.reason);
  });

  before(async () => {
    url = await (await testPostgres()).createDatabase();
    admin = postgres(url, { max: 1, onnotice: () => undefined });
  });
  after(() => admin.end());
  beforeEach(() => {
    replaced = [];
    wires = [];
  });
  afterEach(() => Promise.all(wires.map((wire) => wire.stop())));

  async function withDatabase(
    options: Partial<DatabaseOptions>,
    use: (database: Database) => Promise<void>,
  ): Promise<void> {
    const database = createDatabase({
      url,
      name: `silent-${randomUUID()}`,
      poolSize: 4,
      queryTimeoutMs: 1_500,
      logger: silentLogger,
      meter,
      ...options,
    });
    await use(database).finally(() => database.stop());
  }

  /** A wire to the database, and the address to reach it by. */
  async function wireTo(port?: number): Promise<{ wire: FaultyWire; through: string }> {
    const { hostname, port: target } = new URL(url);
    const wire = await faultyWire({
      target: { host: hostname, port: Number(target) },
      ...(port === undefined ? {} : { port }),
    });
    wires.push(wire);
    const through = new URL(url);
    through.host = wire.address;
    return { wire, through: through.href };
  }

  /** All connections that `wire` carries fall silent, and new ones are carried by another wire. */
  async function silence(wire: FaultyWire): Promise<void> {
    await wire.stall();
    wire.refuse();
    await wireTo(wire.port);
  }

  const alive = (database: Database) => database.query(ctx, (sql) => sql`select 1 as one`);
  const slow = (database: Database) =>
    database
      .query(ctx, (sql) => sql`select pg_sleep(60)`)
      .then(
        () => 'answered',
        (error) => codedError(error).kind,
      );
  /** The backends of so many connections, which are all used at once. */
  const backends = async (database: Database, connections: number) => {
    const rows = await Promise.all(
      Array.from({ length: connections }, () =>
        database.query<{ pid: number }>(
          ctx,
          (sql) => sql`select pg_backend_pid() as pid, pg_sleep(0.1)`,
        ),
      ),
    );
    return new Set(rows.map(([row]) => row?.pid));
  };

  it('is replaced alone: all others are used on', () =>
    withDatabase({}, async (database) => {
      const before = await backends(database, 4);
      assert.equal(before.size, 4);
      assert.equal(await slow(database), 'timeout');
      const after = await backends(database, 4);
      assert.equal([...after].filter((pid) => before.has(pid)).length, 3);
      assert.deepEqual(replaced, ['silent']);
    }));

  it('does not hold up the next statement where there is no other', () =>
    withDatabase({ poolSize: 1 }, async (database) => {
      const before = await backends(database, 1);
      for (let n = 0; n < 3; n++) {
        assert.equal(await slow(database), 'timeout');
        assert.equal((await alive(database)).length, 1);
      }
      assert.notDeepEqual(await backends(database, 1), before);
      assert.deepEqual(replaced, ['silent', 'silent', 'silent']);
    }));

  it('is the end of what is behind the silent statement on it, too', () =>
    withDatabase({ poolSize: 1, pipeline: 2 }, async (database) => {
      const [first, second] = await Promise.all([
        slow(database),
        alive(database).catch((error) => codedError(error).kind),
      ]);
      assert.equal(first, 'timeout');
      assert.match(String(second), /^(timeout|unavailable)$/);
      assert.equal((await alive(database)).length, 1);
      assert.deepEqual(replaced, ['silent']);
    }));

  it('has what runs on it cancelled, so that backends do not gather', async () => {
    await admin`create sequence cancelled`;
    await admin.unsafe(`
      create function sleep_until_cancelled() returns int8 language plpgsql as $$
      begin
        perform pg_sleep(60);
        return 0;
      exception when query_canceled then
        return nextval('cancelled');
      end $$`);
    await withDatabase({ poolSize: 1, queryTimeoutMs: 1_000 }, async (database) => {
      const error = await database
        .query(ctx, (sql) => sql`select sleep_until_cancelled()`)
        .catch((error) => error);
      assert.equal(codedError(error).kind, 'timeout');
      // Its own end after the time that the server gives it would leave no mark.
      await eventually('it is cancelled', async () => {
        const [row] = await admin`select is_called from cancelled`;
        return row?.is_called === true;
      });
    });
  });

  it('leaves no socket open here, though the server never says goodbye', async () => {
    const { wire, through } = await wireTo();
    const sockets: Socket[] = [];
    const opened = (message: unknown) => sockets.push((message as { socket: Socket }).socket);
    subscribe('net.client.socket', opened);
    try {
      await withDatabase({ url: through, poolSize: 1 }, async (database) => {
        await alive(database);
        const ours = sockets.filter(({ remotePort }) => remotePort === wire.port);
        assert.equal(ours.length, 1);
        await wire.stall();
        const error = await alive(database).catch((error) => error);
        assert.equal(codedError(error).kind, 'timeout');
        await eventually('it is closed', () => ours[0]?.destroyed);
      });
    } finally {
      unsubscribe('net.client.socket', opened);
    }
  });

  it('is not suspected while a statement is on its way over it', () =>
    withDatabase(
      { poolSize: 1, pipeline: 2, idleMs: 0, queryTimeoutMs: 20_000 },
      async (database) => {
        await alive(database);
        // Longer than an idle connection may take for a sign of life.
        const long = database.query(ctx, (sql) => sql`select pg_sleep(4)`);
        await eventually('it runs', async () => {
          const running = await admin`
            select 1 from pg_stat_activity
            where datname = current_database() and state = 'active' and query like 'select pg_sleep(4%'`;
          return running.length > 0;
        });
        await Promise.all([long, alive(database)]);
        assert.deepEqual(replaced, []);
      },
    ));

  it('that was idle is found out before a statement is sent over it', async () => {
    const { wire, through } = await wireTo();
    await withDatabase({ url: through, poolSize: 1, idleMs: 0 }, async (database) => {
      const before = await backends(database, 1);
      await silence(wire);
      const after = await backends(database, 1);
      assert.notDeepEqual(after, before);
      assert.deepEqual(replaced, ['idle']);
    });
  });

  it('puts the others, which were not heard from since, under suspicion: one caller waits in vain', async () => {
    const { wire, through } = await wireTo();
    await withDatabase({ url: through, poolSize: 3 }, async (database) => {
      await backends(database, 3);
      await silence(wire);
      const error = await alive(database).catch((error) => error);
      assert.equal(codedError(error).kind, 'timeout');
      assert.equal((await backends(database, 3)).size, 3);
      assert.deepEqual(replaced, ['silent', 'idle', 'idle']);
    });
  });

  it('is no silence of the server while another one is answered', () =>
    withDatabase({ poolSize: 2 }, async (database) => {
      let over = false;
      let said: string | undefined;
      const outcome = slow(database).finally(() => {
        over = true;
        said = database.notReady();
      });
      while (!over) await alive(database);
      assert.equal(await outcome, 'timeout');
      assert.equal(said, undefined);
    }));

  it('is told of where the whole server is silent, and each caller waits for its own deadline', async () => {
    const { wire, through } = await wireTo();
    await withDatabase({ url: through }, async (database) => {
      await backends(database, 4);
      await wire.stall();
      const asked = await Promise.allSettled(Array.from({ length: 4 }, () => alive(database)));
      assert.deepEqual(
        asked.map((one) => one.status === 'rejected' && codedError(one.reason).kind),
        ['timeout', 'timeout', 'timeout', 'timeout'],
      );
      assert.equal(database.notReady(), 'the database does not answer');
      wire.pass();
      assert.equal((await backends(database, 4)).size, 4);
      assert.equal(database.notReady(), undefined);
    });
  });

  it('is looked for though the clock of the machine was set back an hour', async () => {
    const { wire, through } = await wireTo();
    const asIs = Date.now;
    await withDatabase({ url: through, poolSize: 1 }, async (database) => {
      await database.start?.();
      await eventually('it is ready', () => database.notReady() === undefined);
      Date.now = () => asIs() - 3_600_000;
      await wire.stall();
      await eventually('it is not', () => database.notReady() === 'the database does not answer');
    }).finally(() => {
      Date.now = asIs;
    });
  });
});
