import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { background } from '../../../shared/kit/context.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../../shared/kit/sql/database.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { testPostgres } from '../../../stack/testing.ts';
import { consumerLags } from './consumer-lag.ts';
import { type Checkpoints, createCheckpoints } from './sql-checkpoints.ts';

const folder = fileURLToPath(new URL('../migrations', import.meta.url));
const ctx = background();
const consumer = 'worker';

describe('checkpoints beside a log that was restored', () => {
  let database: Database;
  let checkpoints: Checkpoints;

  before(async () => {
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder, logger: silentLogger });
    database = createDatabase({
      url,
      name: 'test',
      poolSize: 4,
      queryTimeoutMs: 5_000,
      logger: silentLogger,
    });
    checkpoints = createCheckpoints(database, 'ORDERS');
  });
  after(() => database.stop());

  beforeEach(async () => {
    for (const table of ['events', 'checkpoints', 'checkpoint_anchors']) {
      await database.query(ctx, (sql) => sql`delete from ${sql(table)}`);
    }
  });

  /** The log has these events from `first` on; ids are `<life>-<position>`. */
  const logHas = (life: string, first: number, last: number) =>
    database.query(
      ctx,
      (sql) => sql`
        insert into events (stream, position, event_id, event_type, aggregate_type, aggregate_id,
                            version, event_data, metadata)
        select 'ORDERS', p, ${life}::text || '-' || p, 'ORDERS.created', 'order',
               ${life}::text || p, 1, '', '{}'::jsonb
        from generate_series(${first}::int8, ${last}::int8) as p`,
    );
  const logEndsAt = (position: number) =>
    database.query(ctx, (sql) => sql`delete from events where position > ${position}::int8`);
  const at = (position: number, life = 'old', delivered = position) => ({
    position: BigInt(position),
    eventId: position === 0 ? '' : `${life}-${position}`,
    delivered: BigInt(delivered),
  });
  const save = (...args: Parameters<typeof at>) => checkpoints.save(ctx, consumer, at(...args));
  const get = () => checkpoints.get(ctx, consumer);
  const holds = async () => (await checkpoints.list(ctx)).map((checkpoint) => checkpoint.holds);

  it('counts while the log has its event at its position', async () => {
    await logHas('old', 1, 5);
    await save(4, 'old', 5);
    assert.deepEqual(await get(), at(4, 'old', 5));
    assert.deepEqual(await holds(), [true]);
  });

  it('does not count where the log ends before it, nor where another event stands there', async () => {
    await logHas('old', 1, 5);
    await save(5);
    await logEndsAt(3);
    assert.deepEqual(await get(), at(0));
    assert.deepEqual(await holds(), [false]);
    await logHas('new', 4, 9);
    assert.deepEqual(await get(), at(0));
    assert.deepEqual(await holds(), [false]);
  });

  it('tells what its consumer has not answered: of the types that it answers, and since when', async () => {
    const lag = () => consumerLags(database, 'ORDERS', ctx);
    await logHas('old', 1, 5);
    await database.query(
      ctx,
      (sql) => sql`update events set created_at = now() - interval '90 seconds' where position = 4`,
    );
    await checkpoints.save(ctx, consumer, { ...at(3), eventTypes: ['ORDERS.created'] });
    const [one] = await lag();
    assert.deepEqual([one?.consumer, one?.position, one?.events], [consumer, 3, 2]);
    assert.ok(one !== undefined && one.seconds >= 90 && one.seconds < 100, `${one?.seconds}`);
    await checkpoints.save(ctx, consumer, { ...at(3), eventTypes: ['ORDERS.a', 'ORDERS.b'] });
    assert.deepEqual(await lag(), [{ consumer, position: 3, events: 0, seconds: 0 }]);
    await save(3);
    assert.equal((await lag())[0]?.events, 2, 'who tells no types answers all');
    await save(5);
    assert.deepEqual(await lag(), [{ consumer, position: 5, events: 0, seconds: 0 }]);
  });

  it('tells since when the next event waits that its consumer answers, however far away it is', async () => {
    await logHas('old', 1, 10_050);
    await database.query(
      ctx,
      (sql) => sql`
        update events set event_type = 'ORDERS.rare', created_at = now() - interval '90 seconds'
        where position = 10040`,
    );
    await checkpoints.save(ctx, consumer, { ...at(3), eventTypes: ['ORDERS.rare'] });
    const [one] = await consumerLags(database, 'ORDERS', ctx);
    assert.ok(one !== undefined && one.seconds >= 90 && one.seconds < 100, `${one?.seconds}`);
    await checkpoints.save(ctx, consumer, { ...at(3), eventTypes: ['ORDERS.never'] });
    assert.equal((await consumerLags(database, 'ORDERS', ctx))[0]?.seconds, 0);
  });

  it('counts again when the log has its events back', async () => {
    await logHas('old', 1, 5);
    await save(5);
    await logEndsAt(3);
    await logHas('old', 4, 5);
    assert.deepEqual(await get(), at(5));
  });

  it('goes on at the last earlier place that the log has, and what was delivered beyond counts for nothing', async () => {
    await logHas('old', 1, 32_000);
    for (const position of [4_000, 9_000, 15_000, 19_000, 25_000]) await save(position);
    await save(31_000, 'old', 32_000);
    await logEndsAt(22_000);
    assert.deepEqual(await get(), at(19_000));
    await logEndsAt(18_000);
    await logHas('new', 18_001, 33_000);
    assert.deepEqual(await get(), at(9_000));
  });

  it('moves back where the log does not have its place, and not for the event of a lost one', async () => {
    await logHas('old', 1, 5);
    await save(5);
    await logEndsAt(3);
    await logHas('new', 4, 9);
    await assert.rejects(save(5), { kind: 'precondition_failed', code: 'place_not_in_log' });
    await save(2);
    assert.deepEqual(await get(), at(2));
    await save(4, 'new', 6);
    assert.deepEqual(await get(), at(4, 'new', 6));
    await save(2);
    assert.deepEqual(await get(), at(4, 'new'), 'and not further');
  });

  it('two instances that save at once end at the further place', async () => {
    await logHas('old', 1, 40);
    await Promise.all(Array.from({ length: 40 }, (_, index) => save(index + 1)));
    const { position } = await get();
    await save(Number(position) - 1);
    assert.equal((await get()).position, position);
  });

  describe('that a release of before ids kept', () => {
    const kept = (position: number) =>
      database.query(
        ctx,
        (sql) => sql`
          insert into checkpoints (consumer, position)
          values (${consumer}::text, ${position}::int8)`,
      );

    it('is taken for this log’s where that has an event there, and has its id from the next saving on', async () => {
      await logHas('old', 1, 5);
      await kept(4);
      assert.deepEqual(await get(), at(4));
      await save(3, 'old', 5);
      assert.deepEqual(await get(), at(4, 'old', 5));
      await logEndsAt(3);
      await logHas('new', 4, 4);
      assert.deepEqual(await get(), at(0), 'it is known now that this is another event');
    });

    it('does not count beyond the end of the log', async () => {
      await logHas('old', 1, 3);
      await kept(4);
      assert.deepEqual(await get(), at(0));
      assert.deepEqual(await holds(), [false]);
    });
  });
});
