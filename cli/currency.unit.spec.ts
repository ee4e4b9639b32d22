import assert from 'node:assert/strict';
import { createMemoryEventStore } from '../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../shared/kit/context.ts';
import { CodedError } from '../shared/kit/errors.ts';
import { currency, usd } from '../shared/testing/test-currency.ts';
import { currencyOfLog } from './currency.ts';
import { UsageError } from './option.ts';

const jpy = currency('JPY');

describe('the currency that a command counts in', () => {
  const before = process.env.CURRENCY;
  afterEach(() => {
    if (before === undefined) delete process.env.CURRENCY;
    else process.env.CURRENCY = before;
  });

  async function logIn(written: typeof jpy | undefined) {
    const store = createMemoryEventStore({ stream: 'ORDERS' });
    if (written !== undefined) await store.settleCurrency(background(), written);
    return store;
  }

  it("is the log's, and nobody needs to say it", async () => {
    delete process.env.CURRENCY;
    assert.deepEqual(await currencyOfLog(await logIn(jpy)), jpy);
    process.env.CURRENCY = 'JPY';
    assert.deepEqual(await currencyOfLog(await logIn(jpy)), jpy);
  });

  it('is refused where CURRENCY says another than the log', async () => {
    process.env.CURRENCY = 'USD';
    const store = await logIn(jpy);
    await assert.rejects(currencyOfLog(store), (error: unknown) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /CURRENCY is USD, but the log's currency is JPY/);
      return true;
    });
  });

  it('is what CURRENCY says where the log does not know, and looking writes nothing', async () => {
    delete process.env.CURRENCY;
    const store = await logIn(undefined);
    assert.deepEqual(await currencyOfLog(store), usd);
    process.env.CURRENCY = 'JPY';
    assert.deepEqual(await currencyOfLog(store), jpy);
    assert.equal(await store.currency(background()), undefined);
    const old = {
      currency: () => Promise.reject(new CodedError('internal', 'unimplemented', 'No.')),
    };
    assert.deepEqual(await currencyOfLog(old), jpy);
  });
});
