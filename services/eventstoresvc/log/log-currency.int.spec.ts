import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { background } from '../../../shared/kit/context.ts';
import { codedError } from '../../../shared/kit/errors.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../../shared/kit/sql/database.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { currency, usd } from '../../../shared/testing/test-currency.ts';
import { testPostgres } from '../../../stack/testing.ts';
import { createLogCurrency, type LogCurrency } from './log-currency.ts';

const folder = fileURLToPath(new URL('../migrations', import.meta.url));
const ctx = background();
const jpy = currency('JPY');

for (const isolation of ['read committed', 'serializable'] as const) {
  describe(`the currency of a log, ${isolation}`, () => {
    let database: Database;
    let written: LogCurrency;

    beforeEach(async () => {
      const url = await (await testPostgres()).createDatabase();
      await migrate({ url, folder, logger: silentLogger });
      const options = { url, name: 'test', poolSize: 8, queryTimeoutMs: 5_000, isolation };
      database = createDatabase({ ...options, logger: silentLogger });
      written = createLogCurrency(database, 'ORDERS');
    });
    afterEach(() => database.stop());

    it('is written down once, and what is asked for later changes nothing', async () => {
      assert.equal(await written.written(ctx), undefined);
      assert.deepEqual(await written.settle(ctx, jpy), jpy);
      assert.deepEqual(await written.settle(ctx, usd), jpy);
      assert.deepEqual(await written.written(ctx), jpy);
    });

    it('is one, also where many begin at the same moment with different ones', async () => {
      const wanted = Array.from({ length: 16 }, (_, n) => (n % 2 === 0 ? jpy : usd));
      const answers = await Promise.all(wanted.map((one) => written.settle(ctx, one)));
      const stands = await written.written(ctx);
      for (const answer of answers) assert.deepEqual(answer, stands);
    });

    it('is not taken for granted where a log has events that an older release counted otherwise', async () => {
      const huf = currency('HUF');
      await database.query(ctx, (sql) => sql`update log_head set position = 1`);
      await assert.rejects(written.settle(ctx, huf), (error: unknown) => {
        const { code, message } = codedError(error);
        assert.equal(code, 'currency_recounted');
        assert.match(message, /HUF without decimals.*by 100\b/);
        return true;
      });
      assert.equal(await written.written(ctx), undefined);
      // What an operator writes once the books are put right.
      await written.replace(ctx, huf);
      assert.deepEqual(await written.settle(ctx, huf), huf);
    });

    it('of an empty log is any, and of others one whose decimals are as ever', async () => {
      const iqd = currency('IQD');
      assert.deepEqual(await written.settle(ctx, iqd), iqd);
      await written.replace(ctx, undefined);
      await database.query(ctx, (sql) => sql`update log_head set position = 1`);
      assert.deepEqual(await written.settle(ctx, jpy), jpy);
    });

    it('is replaced where an empty log is filled from a backup', async () => {
      await written.settle(ctx, usd);
      await written.replace(ctx, jpy);
      assert.deepEqual(await written.settle(ctx, usd), jpy);
    });
  });
}
