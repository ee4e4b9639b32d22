import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { background } from '../../shared/kit/context.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { peopleOf } from '../../shared/personal-data/key-table.ts';
import { sqlKeyCopy } from '../../shared/personal-data/sql-key-copy.ts';
import { sqlKeyTable } from '../../shared/personal-data/sql-key-table.ts';
import { testPostgres } from '../../stack/testing.ts';
import { keysIn, keysText, readKeys, restoreKeys, withoutErased } from './keys-backup.ts';

const ctx = background();
const place = { aggregateId: 'order-1', field: 'reason' };

describe('the keys of customers in a backup of their own', function suite() {
  this.timeout(60_000);
  const opened: Database[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((database) => database.stop()));
  });

  async function emptyKeys() {
    const url = await (await testPostgres()).createDatabase();
    const folder = fileURLToPath(new URL('../../shared/personal-data/migrations', import.meta.url));
    await migrate({ url, folder, logger: silentLogger });
    const options = { url, name: 'test', poolSize: 2, queryTimeoutMs: 10_000 };
    const database = createDatabase({ ...options, logger: silentLogger });
    opened.push(database);
    return { keys: sqlKeyCopy(database), people: peopleOf(sqlKeyTable(database)) };
  }

  const backedUp = async ({ keys }: Awaited<ReturnType<typeof emptyKeys>>) =>
    keysText(await readKeys(ctx, keys, '2026-01-01T00:00:00.000Z'));

  it('open the texts again, however many there are', async () => {
    const before = await emptyKeys();
    const names = Array.from({ length: 4_500 }, (_, n) => `customer-${n}`);
    const all = await before.people.people(ctx, names);
    const sealed = all.get('customer-4321')?.seal(place, 'the salad was warm') ?? '';
    const after = await emptyKeys();
    const backup = keysIn(await backedUp(before));
    assert.deepEqual(await restoreKeys(ctx, after, backup, []), { keys: 4_500, left_out: 0 });
    const person = await after.people.find(ctx, 'customer-4321');
    assert.equal(person?.open(place, sealed), 'the salad was warm');
    assert.deepEqual(await restoreKeys(ctx, after, backup, []), { keys: 0, left_out: 0 });
  });

  it('bring nobody back who was erased since, by the list or by the database', async () => {
    const before = await emptyKeys();
    const [ada, bob, eve] = [
      await before.people.person(ctx, 'ada'),
      await before.people.person(ctx, 'bob'),
      await before.people.person(ctx, 'eve'),
    ];
    const backup = keysIn(await backedUp(before));
    const after = await emptyKeys();
    await after.people.erase(ctx, [eve.pseudonym]);
    const done = await restoreKeys(ctx, after, backup, [ada.pseudonym]);
    assert.deepEqual(done, { keys: 1, left_out: 2 });
    assert.equal((await after.people.find(ctx, 'bob'))?.pseudonym, bob.pseudonym);
    for (const name of ['ada', 'eve']) assert.equal(await after.people.find(ctx, name), undefined);
    const recorded = (await after.people.erasures(ctx)).map(({ pseudonym }) => pseudonym);
    assert.deepEqual(recorded, [ada.pseudonym, eve.pseudonym].toSorted());
  });

  it('hold nothing of who was erased, before it was made or since', async () => {
    const before = await emptyKeys();
    const [ada, bob] = [
      await before.people.person(ctx, 'ada-canary'),
      await before.people.person(ctx, 'bob-canary'),
    ];
    await before.people.erase(ctx, [ada.pseudonym]);
    const text = await backedUp(before);
    assert.doesNotMatch(text, /ada-canary/);
    const secret = keysIn(text).rows[0]?.secret ?? 'none';
    assert.ok(text.includes('bob-canary') && text.includes(secret));
    const pruned = keysText(withoutErased(keysIn(text), [bob.pseudonym]));
    assert.ok(!pruned.includes('bob-canary') && !pruned.includes(secret));
    assert.deepEqual(keysIn(pruned).erased, [ada.pseudonym, bob.pseudonym].toSorted());
  });

  it('are none where nothing was ever sealed, and no database is', async () => {
    const url = new URL(await (await testPostgres()).createDatabase());
    url.pathname = '/never_made';
    const options = { name: 'test', poolSize: 1, queryTimeoutMs: 10_000, logger: silentLogger };
    const database = createDatabase({ ...options, url: url.href });
    opened.push(database);
    const backup = await readKeys(ctx, sqlKeyCopy(database), '2026-01-01T00:00:00.000Z');
    assert.deepEqual(keysIn(keysText(backup)).rows, []);
  });

  it('replace no key that the database has by another', async () => {
    const before = await emptyKeys();
    await before.people.person(ctx, 'ada');
    const backup = keysIn(await backedUp(before));
    const after = await emptyKeys();
    const another = await after.people.person(ctx, 'ada');
    await assert.rejects(restoreKeys(ctx, after, backup, []), { code: 'keys_of_others' });
    assert.equal((await after.people.find(ctx, 'ada'))?.pseudonym, another.pseudonym);
  });

  it('are refused unless the file is whole', async () => {
    const before = await emptyKeys();
    await before.people.people(ctx, ['ada', 'bob']);
    const text = await backedUp(before);
    const lines = text.split('\n');
    for (const wrong of [
      '',
      'no keys\n',
      text.slice(0, -10),
      text.replace('ada', 'eve'),
      [...lines.slice(0, 1), ...lines.slice(2)].join('\n'),
    ]) {
      assert.throws(() => keysIn(wrong), { code: 'keys_damaged' }, JSON.stringify(wrong));
    }
  });
});
