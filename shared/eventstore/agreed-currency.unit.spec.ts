import assert from 'node:assert/strict';
import { background } from '../kit/context.ts';
import { CodedError, codedError } from '../kit/errors.ts';
import { ConfigError } from '../kit/process/config.ts';
import type { Currency } from '../money/currency.ts';
import { anEvent } from '../testing/an-event.ts';
import { eventually } from '../testing/eventually.ts';
import { currency, usd } from '../testing/test-currency.ts';
import { agreedCurrency, inAgreedCurrency } from './agreed-currency.ts';
import { createMemoryEventStore } from './memory/memory-event-store.ts';

const ctx = background();
const jpy = currency('JPY');
const away = () => new CodedError('unavailable', 'unavailable', 'The event store is away.');
const aLetter = {
  consumer: 'payment-worker',
  position: 1n,
  eventId: 'e',
  reason: 'unreadable_event',
  lastError: '',
  deliveries: 1,
  traceparent: '',
};
const differs = (error: unknown) => codedError(error).code === 'currency_differs';

describe('an agreed currency', () => {
  it('a start with another than the log has is refused, by code and by decimals', async () => {
    for (const written of [jpy, { code: 'USD', decimals: 3 }]) {
      await assert.rejects(agreedCurrency(usd, async () => written).start(), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, /currency is .*, but CURRENCY says USD \(2 decimals\)/);
        return true;
      });
    }
    const same = agreedCurrency(usd, async () => ({ ...usd }));
    assert.ok(same.notReady(), 'nobody has said it yet');
    await same.start();
    assert.equal(same.notReady(), undefined);
    assert.equal(same.check(ctx), undefined);
  });

  it('a start is refused where the log may be counted otherwise than its currency is now', async () => {
    const recounted = agreedCurrency(usd, async () => {
      throw new CodedError('unavailable', 'currency_recounted', 'The ledger is counted otherwise.');
    });
    await assert.rejects(recounted.start(), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /The ledger is counted otherwise/);
      return true;
    });
  });

  it('a start while nobody can tell goes on, is not ready, and takes nothing until it is told', async () => {
    let answer: Currency | undefined;
    const agreed = agreedCurrency(
      usd,
      async () => {
        if (answer === undefined) throw away();
        return answer;
      },
      { againMs: 1 },
    );
    const store = inAgreedCurrency(
      { name: 'event store', ...createMemoryEventStore({ stream: 'PARCELS' }) },
      agreed,
    );
    await store.start?.();
    assert.ok(store.notReady?.());
    await assert.rejects(store.append(ctx, { events: [anEvent()] }), /away/);
    // An event that cannot be read in a wrong currency must not be given up for that.
    await assert.rejects(store.park(ctx, aLetter), /away/);
    assert.deepEqual(await store.deadLetters(ctx, { limit: 1 }), []);
    answer = usd;
    await eventually('agreement', () => store.notReady?.() === undefined);
    assert.equal((await store.append(ctx, { events: [anEvent()] })).position, 1n);
    await store.stop?.();
  });

  it('a difference that is seen only later is told once, and nothing is taken meanwhile', async () => {
    let asked = 0;
    const told: Error[] = [];
    const agreed = agreedCurrency(
      usd,
      async () => {
        if (++asked < 3) throw away();
        return jpy;
      },
      { againMs: 1, differs: (error) => told.push(error) },
    );
    await agreed.start();
    await eventually('the difference', () => told.length > 0);
    assert.ok(differs(told[0]));
    await assert.rejects(async () => agreed.check(ctx), differs);
    assert.match(agreed.notReady() ?? '', /set CURRENCY=JPY/);
    await agreed.stop();
    assert.equal(told.length, 1);
  });

  it('an event store of an older release cannot tell, and is believed', async () => {
    const old = agreedCurrency(usd, async () => {
      throw new CodedError('internal', 'unimplemented', 'There is no SettleCurrency.');
    });
    await old.start();
    assert.equal(old.notReady(), undefined);
  });

  it('stopped, it asks no more', async () => {
    let asked = 0;
    const agreed = agreedCurrency(
      usd,
      async () => {
        asked++;
        throw away();
      },
      { againMs: 1 },
    );
    await agreed.start();
    await eventually('asked again', () => asked > 2);
    await agreed.stop();
    const then = asked;
    await agreed.start();
    assert.equal(asked, then + 1, 'only the start itself');
  });
});
