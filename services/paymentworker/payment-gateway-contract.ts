/** What every payment gateway must keep. For specs; each implementation calls it in a few lines. */
import assert from 'node:assert/strict';
import { newId } from '../../shared/contracts/ids.ts';
import { minor } from '../../shared/domain/money.ts';
import { background } from '../../shared/kit/context.ts';
import { isKind } from '../../shared/kit/errors.ts';
import type { Debit, PaymentGateway } from './payment-gateway.ts';

/** A gateway under test, and what its books say. */
export interface GatewayUnderTest {
  readonly gateway: PaymentGateway;
  /** A debit that this gateway declines. */
  readonly declined: (debit: Debit) => Debit;
  /** How often money was moved for the order; undefined where the gateway cannot be asked. */
  readonly debitsOf: ((orderId: string) => Promise<number>) | undefined;
}

/** Registers the suite. `open` is called before its first test. */
export function paymentGatewayContract(open: () => Promise<GatewayUnderTest>): void {
  let tested: GatewayUnderTest;
  const ctx = background();

  function someDebit(): Debit {
    return {
      idempotencyKey: newId(),
      orderId: newId(),
      customerId: 'customer-1',
      amount: minor(1_250),
    };
  }

  async function charged(orderId: string, times: number): Promise<void> {
    if (tested.debitsOf !== undefined) assert.equal(await tested.debitsOf(orderId), times);
  }

  before(async () => {
    tested = await open();
  });

  it('debits, and names the payment', async () => {
    const debit = someDebit();
    const answer = await tested.gateway.debit(ctx, debit);
    assert.ok(answer.outcome === 'debited' && answer.paymentId !== '');
    await charged(debit.orderId, 1);
  });

  it('the same idempotency key is charged once, and gets the first answer again', async () => {
    const debit = someDebit();
    const first = await tested.gateway.debit(ctx, debit);
    assert.deepEqual(await tested.gateway.debit(ctx, debit), first);
    await charged(debit.orderId, 1);
  });

  it('the same idempotency key is charged once, also at the same time', async () => {
    const debit = someDebit();
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => tested.gateway.debit(ctx, debit)),
    );
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    await charged(debit.orderId, 1);
  });

  it('a key that was used for another debit is refused, and nothing is charged for it', async () => {
    const debit = someDebit();
    await tested.gateway.debit(ctx, debit);
    for (const other of [
      { ...debit, amount: minor(1_251) },
      { ...debit, orderId: newId() },
    ]) {
      await assert.rejects(tested.gateway.debit(ctx, other), (error) =>
        isKind(error, 'already_exists'),
      );
      await charged(other.orderId, other.orderId === debit.orderId ? 1 : 0);
    }
  });

  it('declining is an answer, says why, and charges nothing', async () => {
    const debit = tested.declined(someDebit());
    const answer = await tested.gateway.debit(ctx, debit);
    assert.ok(answer.outcome === 'declined' && answer.reason !== '');
    assert.deepEqual(await tested.gateway.debit(ctx, debit), answer, 'and it stays so');
    await charged(debit.orderId, 0);
  });
}
