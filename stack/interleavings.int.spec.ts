/**
 * Every order ends and the money is right, whatever happens in whatever order.
 * `INTERLEAVINGS=1000000` lives that many worlds; `INTERLEAVING_SEED=n` lives
 * one again and tells its story.
 */
import assert from 'node:assert/strict';
import { needsVoid } from '../shared/domain/order.ts';
import { type Lived, live } from './interleavings/world.ts';

const COUNT = Number(process.env.INTERLEAVINGS || 10_000);
const SEED = process.env.INTERLEAVING_SEED;

/** What is wrong with how a world came out; empty where nothing is. */
function wrongs({ endings, deadlinesLeft }: Lived): string[] {
  const found: string[] = [];
  const check = (holds: boolean, what: string) => holds || found.push(what);
  for (const { orderId, amount, state, events, money } of endings) {
    const { status, payment } = state;
    const ended = ['Approved', 'PaymentFailed', 'Rejected', 'Cancelled'].includes(status);
    check(ended, `${orderId} is ${status}: it never ends`);
    check(money.debits <= 1, `${orderId} was debited ${money.debits} times`);
    check(money.voids <= 1, `${orderId} was voided ${money.voids} times`);
    const due = status === 'Approved' ? amount : 0;
    check(money.kept === due, `${orderId} is ${status}, and ${money.kept} of ${due} is kept`);
    check(
      !needsVoid(state),
      `${orderId} is ${status}, payment ${payment}: nobody asks for its void`,
    );
    check(payment !== 'void_requested', `${orderId}: its void has no answer`);
    for (const once of ['approved', 'rejected', 'cancelled', 'paymentvoided']) {
      const times = events.filter((type) => type === `ORDERS.${once}`).length;
      check(times <= 1, `${orderId} has ${times} events ${once}`);
    }
  }
  check(deadlinesLeft === 0, `${deadlinesLeft} deadlines are left`);
  return found;
}

describe('interleavings', () => {
  it(`in ${SEED === undefined ? COUNT : 'that'} worlds every order ends, and money is kept for approved orders only`, async function () {
    this.timeout(0);
    const statuses = new Map<string, number>();
    const seeds = SEED === undefined ? Array.from({ length: COUNT }, (_, n) => n) : [Number(SEED)];
    for (const seed of seeds) {
      const lived = await live(seed);
      const wrong = wrongs(lived);
      if (SEED !== undefined) console.log(lived.story.join('\n'));
      const again = `INTERLEAVING_SEED=${seed} tells the story`;
      assert.deepEqual(wrong, [], `world ${seed}: ${wrong.join('; ')} (${again})`);
      for (const { state } of lived.endings) {
        const key = `${state.status}, ${state.payment}`;
        statuses.set(key, (statuses.get(key) ?? 0) + 1);
      }
    }
    if (SEED !== undefined) return;
    // The worlds are not all of one kind, or they would prove little.
    for (const ending of [
      'Approved, debited',
      'PaymentFailed, failed',
      'Rejected, voided',
      'Cancelled, voided',
      'Cancelled, failed',
    ]) {
      assert.ok((statuses.get(ending) ?? 0) > 0, `no order ended ${ending}: ${[...statuses]}`);
    }
  });
});
