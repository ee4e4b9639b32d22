/** The table of migrations/, as a service gets it that makes its own. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { testPostgres } from '../../stack/testing.ts';
import { background } from '../kit/context.ts';
import { silentLogger } from '../kit/logger.ts';
import { createDatabase, type Database } from '../kit/sql/database.ts';
import { migrate } from '../kit/sql/migrations.ts';
import { type HoldKind, holdEvents, holdProcess } from '../testing/room-hold.ts';
import { deadlineSince } from './deadline-rules.ts';
import { type Deadlines, sqlDeadlines } from './deadlines.ts';

const ctx = background();

describe('deadlines in a table of their own', () => {
  let database: Database;
  let deadlines: Deadlines<HoldKind>;

  beforeEach(async () => {
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder: join(import.meta.dirname, 'migrations'), logger: silentLogger });
    database = createDatabase({
      url,
      name: 'bookings',
      poolSize: 2,
      queryTimeoutMs: 5_000,
      logger: silentLogger,
    });
    deadlines = sqlDeadlines(database);
  });
  afterEach(() => database.stop());

  const [requested] = holdEvents('requested');
  assert.ok(requested);
  const answer = deadlineSince(requested, 'answer', holdProcess.deadlines.answer);
  const hold = deadlineSince(requested, 'hold', holdProcess.deadlines.hold);
  const found = async () =>
    (await deadlines.upcoming(ctx, 10)).map(({ kind, attempts }) => `${kind} ${attempts}`);

  it('are found as they were set, those first that are due first', async () => {
    await deadlines.put(ctx, [hold, answer]);
    const [first, second] = await deadlines.upcoming(ctx, 2);
    assert.ok(first && second);
    const { dueInMs, ceilingInMs, attempts, ...deadline } = first;
    assert.deepEqual([deadline, attempts], [answer, 0]);
    assert.ok(dueInMs < 0 && ceilingInMs > dueInMs, `${dueInMs}, ${ceilingInMs}`);
    assert.equal(second.kind, 'hold');
    assert.deepEqual((await deadlines.upcoming(ctx, 1)).length, 1);
  });

  it('are postponed with their failures counted, held without, set again and removed, each by its kind', async () => {
    await deadlines.put(ctx, [answer, hold]);
    await deadlines.postpone(ctx, answer, 60_000);
    assert.deepEqual(await found(), ['hold 0', 'answer 1']);
    await deadlines.hold(ctx, [{ ...hold, waitMs: 120_000 }]);
    assert.deepEqual(await found(), ['answer 1', 'hold 0']);
    await deadlines.put(ctx, [answer]);
    assert.deepEqual(await found(), ['answer 0', 'hold 0']);
    await deadlines.remove(ctx, [answer]);
    assert.deepEqual(await found(), ['hold 0']);
  });
});
