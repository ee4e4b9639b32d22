/** What a worker cannot answer is set aside and can be asked again; its order ends and the money is right. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { eventTypes } from '../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE } from '../shared/contracts/subjects.ts';
import type { ParkedLetter } from '../shared/eventstore/dead-letters.ts';
import type { RecordedEvent } from '../shared/eventstore/event-store.ts';
import { background } from '../shared/kit/context.ts';
import { eventually } from '../shared/testing/eventually.ts';
import {
  ENDS_WITHIN_MS,
  givenBack,
  hasty,
  only,
  orderHands,
  shortDeadlines,
  typesOf,
} from './testing/order-hands.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';

describe('dead letters', function () {
  this.timeout(60_000);
  const ctx = background();
  let stack: OrderStack;
  let hands: ReturnType<typeof orderHands>;

  before(async () => {
    stack = await startOrderStack({
      zipkin: false,
      instances: { paymentworker: 2 },
      environment: { paymentworker: hasty, sagacoordinator: shortDeadlines },
    });
    hands = orderHands(stack);
  });
  after(() => stack?.stop());

  const untilLetter = (event: RecordedEvent, is: (letter: ParkedLetter) => boolean) =>
    eventually(`the dead letter of ${event.eventType} is as wanted`, async () => {
      const filter = { consumer: durables.payment, eventIds: [event.eventId] };
      const [letter] = await stack.store.deadLetters(ctx, { ...filter, limit: 10 });
      return letter !== undefined && is(letter) && letter;
    });

  it('what cannot be answered is parked and holds up nobody; its order ends by the deadline, and a replay moves no money', async () => {
    const poisoned = await hands.place({ customer: 'demo-unpaid' });
    const next = await Promise.all(Array.from({ length: 20 }, () => hands.place({})));
    const created = only(await hands.eventsOf(poisoned), () => true);
    const parked = await untilLetter(created, ({ state }) => state === 'parked');
    assert.deepEqual([parked.reason, parked.deliveries], ['payment_gateway_unavailable', 2]);
    assert.match(parked.lastError, /did not answer/);

    const ended = await hands.untilItIs(poisoned, 'Cancelled', 'voided');
    assert.equal(ended.reason, 'payment_deadline');
    const events = await hands.eventsOf(poisoned);
    const { position } = only(events, ({ eventType }) => eventType === eventTypes.cancelled);
    for (const id of next) {
      const approved = (await hands.eventsOf(id)).at(-1);
      assert.equal(approved?.eventType, eventTypes.approved);
      assert.ok(approved.position < position, 'the others were done before it was given up');
    }

    const ledger = await hands.ledgerOf(poisoned);
    assert.deepEqual(
      ledger.map(({ kind, net }) => [kind, net]),
      [['tombstone', 0]],
    );
    await stack.store.requestReplay(ctx, {
      consumer: durables.payment,
      position: created.position,
    });
    await untilLetter(created, ({ state, replays }) => state === 'resolved' && replays === 1);
    assert.deepEqual(await hands.ledgerOf(poisoned), ledger);
    assert.deepEqual(await hands.eventsOf(poisoned), events);
  });

  it('what cannot be read is parked at once, and again when replayed; its order still ends and is paid back', async () => {
    const id = await hands.place({ restaurant: 'demo-manual' });
    await hands.untilItIs(id, 'Paid', 'debited');
    const eventId = randomUUID();
    await stack.store.append(ctx, {
      events: [
        {
          eventId,
          eventType: eventTypes.voidrequested,
          aggregateId: id,
          aggregateType: ORDER_AGGREGATE,
          data: '{"spoilt":true}',
          metadata: {},
        },
      ],
    });
    const spoilt = only(await hands.eventsOf(id), (event) => event.eventId === eventId);
    const parked = await untilLetter(spoilt, ({ state }) => state === 'parked');
    assert.equal(parked.deliveries, 1, 'another delivery could not help');
    assert.match(parked.lastError, /^The payload of .* cannot be read: order_id [^\n]*\.$/);

    const events = await eventually(
      'its money is given back',
      async () => {
        const seen = await hands.eventsOf(id);
        return seen.at(-1)?.eventType === eventTypes.paymentvoided && seen;
      },
      ENDS_WITHIN_MS,
    );
    assert.deepEqual(typesOf(events).slice(3), ['cancelled', 'voidrequested', 'paymentvoided']);
    assert.deepEqual(await hands.ledgerOf(id), [givenBack]);

    await stack.store.requestReplay(ctx, { consumer: durables.payment, position: spoilt.position });
    await untilLetter(spoilt, ({ state, replays }) => state === 'parked' && replays === 1);
    assert.deepEqual(await hands.ledgerOf(id), [givenBack]);
    assert.deepEqual(await hands.eventsOf(id), events);
  });
});
