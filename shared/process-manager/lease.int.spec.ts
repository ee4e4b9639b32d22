import assert from 'node:assert/strict';
import { join } from 'node:path';
import { testPostgres } from '../../stack/testing.ts';
import { background } from '../kit/context.ts';
import { CodedError } from '../kit/errors.ts';
import { silentLogger } from '../kit/logger.ts';
import { createDatabase, type Database } from '../kit/sql/database.ts';
import { migrate } from '../kit/sql/migrations.ts';
import { eventually } from '../testing/eventually.ts';
import { sqlLease } from './lease.ts';

const LEASE_MS = 800;

describe('a lease', function suite() {
  this.timeout(30_000);
  let database: Database;
  let stopping: AbortController;

  beforeEach(async () => {
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder: join(import.meta.dirname, 'migrations'), logger: silentLogger });
    database = createDatabase({
      url,
      name: 'lease',
      poolSize: 4,
      queryTimeoutMs: 5_000,
      logger: silentLogger,
    });
    stopping = new AbortController();
  });
  afterEach(async () => {
    stopping.abort();
    await database.stop();
  });

  /** An instance, whose connection to the database may be cut. */
  function instance() {
    const state = {
      cut: false,
      asked: 0,
      turn: undefined as AbortSignal | undefined,
      /** The next statement waits for it. */
      gate: undefined as Promise<unknown> | undefined,
      gated: undefined as Promise<unknown> | undefined,
    };
    const through: Database = {
      ...database,
      query: (...args) => {
        state.asked++;
        if (state.cut) return Promise.reject(new CodedError('unavailable', 'cut', 'It is cut.'));
        const { gate } = state;
        if (gate === undefined) return database.query(...args);
        state.gate = undefined;
        const later = gate.then(() => database.query(...args));
        state.gated = later;
        return later as never;
      },
    };
    const lease = sqlLease(through, { name: 'one', leaseMs: LEASE_MS, logger: silentLogger });
    const take = () =>
      lease.take(stopping.signal).then((turn) => {
        state.turn = turn;
      });
    return { lease, state, take };
  }

  /** True once it has answered so often: what was sent before was done meanwhile. */
  function databaseAnswers(times: number) {
    let left = times;
    return async () => {
      await database.query(background(), (sql) => sql`select 1 as one`);
      return --left <= 0;
    };
  }

  it('of two one has the turn, and the other when it is given up', async () => {
    const [one, other] = [instance(), instance()];
    await one.take();
    const waiting = other.take();
    const asked = other.state.asked;
    await eventually('the other tries again', () => other.state.asked > asked + 4);
    assert.equal(other.state.turn, undefined);
    assert.equal(other.lease.unknown(), undefined, 'it knows that another has it');
    await one.lease.give();
    await waiting;
    await other.lease.give();
  });

  it('one that gives no sign of life loses it, and hears so when it is back', async () => {
    const [one, other] = [instance(), instance()];
    await one.take();
    const waiting = other.take();
    one.state.cut = true;
    await waiting;
    assert.equal(one.state.turn?.aborted, false, 'it cannot know');
    one.state.cut = false;
    await eventually('it hears so', () => one.state.turn?.aborted === true);
    const again = one.take();
    await other.lease.give();
    await again;
    await one.lease.give();
  });

  it('a renewal under way does not take back what was given up', async () => {
    const one = instance();
    await one.take();
    const gate = Promise.withResolvers<void>();
    one.state.gate = gate.promise;
    await eventually('it renews', () => one.state.gated !== undefined);
    const giving = one.lease.give();
    await Promise.race([giving, eventually('the database had time', databaseAnswers(5))]);
    gate.resolve();
    await Promise.all([giving, one.state.gated]);
    const rows = await database.query(background(), (sql) => sql`select * from leases`);
    assert.equal(rows.length, 0);
  });

  it('one that is alone keeps it while the database is away', async () => {
    const one = instance();
    await one.take();
    one.state.cut = true;
    const asked = one.state.asked;
    await eventually('it tries for longer than its lease', () => one.state.asked > asked + 6);
    assert.equal(one.state.turn?.aborted, false);
    assert.equal(await one.lease.take(stopping.signal), one.state.turn, 'and has it still');
    await one.lease.give();
  });

  it('says while nobody knows whose turn it is, and a stop ends the waiting', async () => {
    const one = instance();
    one.state.cut = true;
    const taking = one.take();
    await eventually('it says so', () => one.lease.unknown() === 'It is cut.');
    stopping.abort(new Error('stopped'));
    await assert.rejects(taking);
    const rows = await database.query(background(), (sql) => sql`select * from leases`);
    assert.equal(rows.length, 0);
  });
});
