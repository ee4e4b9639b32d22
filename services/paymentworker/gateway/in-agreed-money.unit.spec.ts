import assert from 'node:assert/strict';
import { agreedCurrency } from '../../../shared/eventstore/agreed-currency.ts';
import { background } from '../../../shared/kit/context.ts';
import { CodedError, codedError } from '../../../shared/kit/errors.ts';
import { minor } from '../../../shared/money/money.ts';
import { currency, usd } from '../../../shared/testing/test-currency.ts';
import { inAgreedMoney } from './in-agreed-money.ts';

const ctx = background();
const debit = { idempotencyKey: 'k', orderId: 'o', customerId: 'c', amount: minor(100) };
const request = { idempotencyKey: 'v', orderId: 'o' };

describe('a gateway in agreed money', () => {
  let asked: string[];
  let answer: typeof usd | undefined;

  const gateway = () =>
    inAgreedMoney(
      {
        debit: async () => {
          asked.push('debit');
          return { outcome: 'debited', paymentId: 'p' };
        },
        void: async () => {
          asked.push('void');
          return { paymentId: 'p' };
        },
      },
      agreedCurrency(usd, async () => {
        if (answer === undefined) throw new CodedError('unavailable', 'unavailable', 'It is away.');
        return answer;
      }),
    );

  beforeEach(() => {
    asked = [];
    answer = undefined;
  });

  it('is asked for no debit and no void while nobody can tell, or where the log has another currency', async () => {
    for (const [written, code] of [
      [undefined, 'unavailable'],
      [currency('JPY'), 'currency_differs'],
    ] as const) {
      answer = written;
      const one = gateway();
      for (const call of [one.debit(ctx, debit), one.void(ctx, request)]) {
        await assert.rejects(call, (error) => codedError(error).code === code);
      }
    }
    assert.deepEqual(asked, []);
  });

  it('is asked once it is known', async () => {
    answer = usd;
    const one = gateway();
    assert.equal((await one.debit(ctx, debit)).outcome, 'debited');
    assert.deepEqual(await one.void(ctx, request), { paymentId: 'p' });
    assert.deepEqual(asked, ['debit', 'void']);
  });
});
