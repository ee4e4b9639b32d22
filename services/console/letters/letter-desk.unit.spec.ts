import assert from 'node:assert/strict';
import type { LetterName } from '../../../shared/contracts/console.ts';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE, ORDERS_STREAM } from '../../../shared/contracts/subjects.ts';
import { createMemoryEventStore } from '../../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { minor } from '../../../shared/money/money.ts';
import { letterDesk } from './letter-desk.ts';

const ctx = background();
const codec = orderEventCodec(2);
const consumer = durables.payment;

/** A desk before a log with two orders, each with a letter of the payment worker. */
async function desk(listed?: number) {
  const store = createMemoryEventStore({ stream: ORDERS_STREAM });
  for (const [n, orderId] of ['a', 'b'].entries()) {
    const event = codec.encode({
      type: 'created',
      order: {
        orderId,
        customerId: 'ada',
        restaurantId: 'trattoria',
        amount: minor(0),
        items: [],
        createdOn: '2026-03-01T18:30:00.000Z',
      },
    });
    const eventId = `e${n + 1}`;
    const filed = { ...event, eventId, aggregateId: orderId, aggregateType: ORDER_AGGREGATE };
    await store.append(ctx, { events: [{ ...filed, metadata: {} }] });
    await store.park(ctx, {
      consumer,
      position: BigInt(n + 1),
      eventId,
      reason: 'payment_gateway_unavailable',
      lastError: 'the gateway\n  did not answer',
      deliveries: 6,
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    });
  }
  return { store, desk: letterDesk(store, codec, listed) };
}

describe('the desk of dead letters', () => {
  it('groups them by consumer and reason, the newest first', async () => {
    const { groups, next } = await (await desk()).desk.groups(ctx, {
      consumer: undefined,
      state: 'parked',
    });
    assert.equal(next, undefined);
    assert.deepEqual(
      groups.map(({ reason, count, letters }) => [reason, count, letters.map((l) => l.position)]),
      [['payment_gateway_unavailable', 2, [2, 1]]],
    );
    assert.equal(groups[0]?.letters[0]?.last_error, 'the gateway did not answer');
    assert.equal(groups[0]?.letters[0]?.trace_id, 'a'.repeat(32));
  });

  it('of more than it lists at once it says after which one the others come', async () => {
    const one = (await desk(1)).desk;
    const query = { consumer: undefined, state: 'parked' } as const;
    const shown: number[] = [];
    let after: LetterName | undefined;
    do {
      const { groups, next } = await one.groups(ctx, { ...query, after });
      shown.push(...groups.flatMap(({ letters }) => letters.map(({ position }) => position)));
      after = next;
    } while (after !== undefined);
    assert.deepEqual(shown, [1, 2]);
  });

  it('shows one with its event and how its order stands', async () => {
    const found = await (await desk()).desk.letter(ctx, { consumer, position: 2 });
    assert.deepEqual([found.order_id, found.order_status], ['b', 'Pending']);
    assert.equal(found.event?.event_type, 'ORDERS.created');
  });

  it('a dry run changes nothing; what is refused does not stop the others', async () => {
    const { store, desk: letters } = await desk();
    const names = [1, 2, 3].map((position) => ({ consumer, position }));
    await store.closeLetter(ctx, { consumer, position: 1n, reason: 'known' });
    const outcomes = async (dry_run: boolean) => {
      const { results } = await letters.replay(ctx, { letters: names, dry_run });
      return results.map(({ outcome, code }) => code ?? outcome);
    };
    assert.deepEqual(await outcomes(true), ['letter_closed', 'would', 'letter_not_found']);
    const [two] = await store.deadLetters(ctx, { position: 2n, limit: 1 });
    assert.equal(two?.state, 'parked');
    assert.deepEqual(await outcomes(false), ['letter_closed', 'done', 'letter_not_found']);
    assert.deepEqual(
      (await store.takeReplays(ctx, { consumer, limit: 10 })).map(({ position }) => position),
      [2n],
    );
  });

  it('closes many with one reason', async () => {
    const { store, desk: letters } = await desk();
    const names = [1, 2].map((position) => ({ consumer, position }));
    await letters.close(ctx, { letters: names, reason: 'the gateway is gone' });
    const all = await store.deadLetters(ctx, { limit: 10 });
    assert.deepEqual(
      all.map(({ state, closeReason }) => [state, closeReason]),
      [
        ['closed', 'the gateway is gone'],
        ['closed', 'the gateway is gone'],
      ],
    );
  });

  it('a store that is away is no refusal of a letter', async () => {
    const { store } = await desk();
    const away = new CodedError('unavailable', 'event_store_away', 'It is away.');
    const letters = letterDesk({ ...store, requestReplay: () => Promise.reject(away) }, codec);
    await assert.rejects(letters.replay(ctx, { letters: [{ consumer, position: 1 }] }), away);
  });
});
