/**
 * The contract of every payment gateway, in US dollars, for debits that need a gateway.
 * For specs; each implementation calls it in a few lines.
 */
import assert from 'node:assert/strict';
import { newId } from '../../../shared/eventstore/ids.ts';
import { background } from '../../../shared/kit/context.ts';
import { isKind } from '../../../shared/kit/errors.ts';
import { minor } from '../../../shared/money/money.ts';
import {
  type Debit,
  type DebitAnswer,
  type PaymentGateway,
  VOIDED,
  type Void,
} from './payment-gateway.ts';

/** A gateway under test, and access to its books. */
export interface GatewayUnderTest {
  readonly gateway: PaymentGateway;
  /** Turns a debit into one that this gateway declines; undefined if it never does. */
  readonly declined: ((debit: Debit) => Debit) | undefined;
  /** Number of debits and voids that moved money for the order; undefined if the gateway cannot tell. */
  readonly moved: ((orderId: string) => Promise<{ debits: number; voids: number }>) | undefined;
}

/** Registers the suite. Calls `open` before the first test. */
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

  const voidOf = ({ orderId }: Debit): Void => ({ idempotencyKey: newId(), orderId });
  const refused: DebitAnswer = { outcome: 'declined', reason: VOIDED };

  async function moved(orderId: string, debits: number, voids: number): Promise<void> {
    if (tested.moved !== undefined) {
      assert.deepEqual(await tested.moved(orderId), { debits, voids });
    }
  }

  before(async () => {
    tested = await open();
  });

  it('debits, and names the payment', async () => {
    const debit = someDebit();
    const answer = await tested.gateway.debit(ctx, debit);
    assert.ok(answer.outcome === 'debited' && answer.paymentId !== '');
    await moved(debit.orderId, 1, 0);
  });

  it('the same idempotency key is charged once, and gets the first answer again', async () => {
    const debit = someDebit();
    const first = await tested.gateway.debit(ctx, debit);
    assert.deepEqual(await tested.gateway.debit(ctx, debit), first);
    await moved(debit.orderId, 1, 0);
  });

  it('the same idempotency key is charged once, also at the same time', async () => {
    const debit = someDebit();
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => tested.gateway.debit(ctx, debit)),
    );
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    await moved(debit.orderId, 1, 0);
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
      await moved(other.orderId, other.orderId === debit.orderId ? 1 : 0, 0);
    }
  });

  it('an order is debited once: a second key is refused', async () => {
    const debit = someDebit();
    await tested.gateway.debit(ctx, debit);
    const second = { ...debit, idempotencyKey: newId() };
    await assert.rejects(tested.gateway.debit(ctx, second), (error) =>
      isKind(error, 'already_exists'),
    );
    await moved(debit.orderId, 1, 0);
  });

  it('declining is an answer, says why, and charges nothing', async function () {
    if (tested.declined === undefined) return this.skip();
    const debit = tested.declined(someDebit());
    const answer = await tested.gateway.debit(ctx, debit);
    assert.ok(answer.outcome === 'declined' && answer.reason !== '');
    assert.deepEqual(await tested.gateway.debit(ctx, debit), answer, 'and it stays so');
    await moved(debit.orderId, 0, 0);
  });

  it('what can never be charged is declined, and says why', async () => {
    const debit = { ...someDebit(), amount: minor(49) };
    const answer = await tested.gateway.debit(ctx, debit);
    assert.ok(answer.outcome === 'declined');
    assert.match(answer.reason, /0\.49 USD cannot be charged: the minimum is 0\.50 USD/);
    assert.deepEqual(await tested.gateway.debit(ctx, debit), answer, 'and it stays so');
    assert.deepEqual(await tested.gateway.void(ctx, voidOf(debit)), { paymentId: '' });
    await moved(debit.orderId, 0, 0);
  });

  it('a free order is debited at once, by any gateway, and refunded without a request', async () => {
    for (const debit of [someDebit(), tested.declined?.(someDebit()) ?? someDebit()]) {
      const free = { ...debit, amount: minor(0) };
      const answer = await tested.gateway.debit(ctx, free);
      assert.ok(answer.outcome === 'debited' && answer.paymentId !== '');
      assert.deepEqual(await tested.gateway.debit(ctx, free), answer, 'once');
      const { paymentId } = answer;
      assert.deepEqual(await tested.gateway.void(ctx, voidOf(free)), { paymentId });
      assert.deepEqual(await tested.gateway.void(ctx, voidOf(free)), { paymentId });
    }
  });

  it('nothing that comes after its void is refused like all else', async () => {
    const debit = { ...someDebit(), amount: minor(0) };
    await tested.gateway.void(ctx, voidOf(debit));
    assert.deepEqual(await tested.gateway.debit(ctx, debit), refused);
  });

  it('a void gives back what was debited, and names the payment', async () => {
    const debit = someDebit();
    const answer = await tested.gateway.debit(ctx, debit);
    assert.ok(answer.outcome === 'debited');
    assert.deepEqual(await tested.gateway.void(ctx, voidOf(debit)), {
      paymentId: answer.paymentId,
    });
    await moved(debit.orderId, 1, 1);
  });

  it('an order is voided once: a repeat gets the first answer, under another key too', async () => {
    const debit = someDebit();
    await tested.gateway.debit(ctx, debit);
    const request = voidOf(debit);
    const first = await tested.gateway.void(ctx, request);
    assert.deepEqual(await tested.gateway.void(ctx, request), first);
    assert.deepEqual(await tested.gateway.void(ctx, voidOf(debit)), first);
    await moved(debit.orderId, 1, 1);
  });

  it('an order is voided once, also at the same time', async () => {
    const debit = someDebit();
    await tested.gateway.debit(ctx, debit);
    const request = voidOf(debit);
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => tested.gateway.void(ctx, request)),
    );
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    await moved(debit.orderId, 1, 1);
  });

  it('a debit that comes after its void is refused, and stays so', async () => {
    const debit = someDebit();
    const request = voidOf(debit);
    assert.deepEqual(await tested.gateway.void(ctx, request), { paymentId: '' });
    assert.deepEqual(await tested.gateway.debit(ctx, debit), refused);
    assert.deepEqual(await tested.gateway.debit(ctx, debit), refused);
    assert.deepEqual(await tested.gateway.void(ctx, request), { paymentId: '' });
    await moved(debit.orderId, 0, 0);
  });

  it('a debit that is repeated after its void gets the first answer, and is not taken again', async () => {
    const debit = someDebit();
    const first = await tested.gateway.debit(ctx, debit);
    await tested.gateway.void(ctx, voidOf(debit));
    assert.deepEqual(await tested.gateway.debit(ctx, debit), first);
    await moved(debit.orderId, 1, 1);
  });

  it('a void of a declined debit moves no money', async function () {
    if (tested.declined === undefined) return this.skip();
    const debit = tested.declined(someDebit());
    await tested.gateway.debit(ctx, debit);
    assert.deepEqual(await tested.gateway.void(ctx, voidOf(debit)), { paymentId: '' });
    await moved(debit.orderId, 0, 0);
  });

  it('a void key that was used for another order is refused, and nothing is given back for it', async () => {
    const [one, other] = [someDebit(), someDebit()];
    const request = voidOf(one);
    await tested.gateway.void(ctx, request);
    await tested.gateway.debit(ctx, other);
    await assert.rejects(
      tested.gateway.void(ctx, { ...request, orderId: other.orderId }),
      (error) => isKind(error, 'already_exists'),
    );
    await moved(other.orderId, 1, 0);
  });

  it('debit and void at the same time: debited and voided, or refused and nothing moved', async () => {
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const debit = someDebit();
        const request = voidOf(debit);
        const debiting = () => tested.gateway.debit(ctx, debit);
        const voiding = () => tested.gateway.void(ctx, request);
        // Each twice, as from two instances; in half of the orders the debit goes first.
        const first = n % 2 === 0 ? debiting() : undefined;
        const [voids, debits] = await Promise.all([
          Promise.all([voiding(), voiding()]),
          Promise.all([first ?? debiting(), debiting()]),
        ]);
        assert.deepEqual(debits[0], debits[1]);
        assert.deepEqual(voids[0], voids[1]);
        const [answer] = debits;
        if (answer?.outcome === 'debited') {
          assert.deepEqual(voids[0], { paymentId: answer.paymentId });
          await moved(debit.orderId, 1, 1);
        } else {
          assert.deepEqual(answer, refused);
          assert.deepEqual(voids[0], { paymentId: '' });
          await moved(debit.orderId, 0, 0);
        }
      }),
    );
  });
}
