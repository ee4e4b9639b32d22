import assert from 'node:assert/strict';
import type { LetterAnswer } from '../shared/story/letter-answer.ts';
import { duration } from './duration.ts';
import { plain } from './paint.ts';
import { placeBody } from './place-body.ts';
import {
  letterStory,
  renderLetter,
  renderLetters,
  renderOutcome,
  renderReplay,
} from './render-letter.ts';
import { renderList, renderOrder } from './render-order.ts';
import type { ReplayOutcome } from './replay-outcome.ts';

const order = {
  order_id: 'o-1',
  customer_id: 'c-1',
  restaurant_id: 'trattoria',
  status: 'Cancelled',
  payment_status: 'void_requested' as const,
  amount: 21.25,
  order_items: [
    { code: 'P', name: 'Pizza', unit_price: 9.5, quantity: 2 },
    { code: 'A', name: 'Acqua', unit_price: 2.25, quantity: 1 },
  ],
  created_on: '2026-01-31T12:00:00.000Z',
  reason: 'changed my mind',
  version: 4,
};

const letter: LetterAnswer = {
  consumer: 'payment-worker',
  position: 7,
  event_id: 'e-7',
  state: 'parked',
  reason: 'gateway_away',
  last_error: '',
  deliveries: 13,
  replays: 1,
  parked_at: '2026-01-31T12:00:00.000Z',
  traceparent: '',
};
const subject = {
  event_type: 'ORDERS.created',
  order_id: 'o-1',
  created_at: '2026-01-31T11:00:00.000Z',
  data: '{"a":1}',
  metadata: { correlation_id: 'c-9' },
  order_status: 'Cancelled',
  payment_status: 'voided',
};

describe('text for people', () => {
  it('an order has its status, its reason and its items', () => {
    assert.equal(
      renderOrder(order, 2, plain),
      [
        'order o-1: Cancelled: changed my mind',
        '  payment void requested, version 4',
        '  customer c-1 at restaurant trattoria, placed 2026-01-31T12:00:00.000Z',
        '  2 ×  Pizza (P)  at 9.50',
        '  1 ×  Acqua (A)  at 2.25',
        '  21.25 in total',
      ].join('\n'),
    );
  });

  it('no amount is rounded, also where nobody said the decimals of its currency', () => {
    const [item] = order.order_items;
    const dinars = { ...order, amount: 10.245, order_items: [{ ...item, unit_price: 10.245 }] };
    assert.match(
      renderOrder({ ...order, ...dinars } as typeof order, 2, plain),
      /at 10\.245\n {2}10\.245 in total/,
    );
    assert.match(renderOrder({ ...order, amount: 1e-4 }, 0, plain), / {2}0\.0001 in total/);
    assert.match(
      renderList({ orders: [{ ...order, amount: 10.245 }], position: 1 }, 2, plain),
      / {2}10\.245 {2}/,
    );
  });

  it('a list has a line for each order and says how to go on', () => {
    assert.equal(
      renderList({ orders: [order], next_cursor: 'abc', position: 1 }, 2, plain),
      [
        'order  status     payment         amount  placed                    customer  restaurant',
        'o-1    Cancelled  void requested  21.25   2026-01-31T12:00:00.000Z  c-1       trattoria',
        'more with --cursor abc',
      ].join('\n'),
    );
    assert.equal(renderList({ orders: [], position: 1 }, 2, plain), 'no orders');
  });

  it('a dead letter says what it was, what was tried and what to do', () => {
    assert.equal(
      renderLetter(letter, subject, plain),
      [
        'parked: payment-worker gave up on position 7 at 2026-01-31 12:00:00.000 UTC, after 13 deliveries, 1 of them a replay: gateway_away; when you have fixed the cause: npx ordersctl dlq replay payment-worker 7',
        '  event e-7, ORDERS.created, appended 2026-01-31 11:00:00.000 UTC',
        '  order o-1 is Cancelled, payment voided',
        '  {"a":1}',
        '  correlation_id c-9',
      ].join('\n'),
    );
    assert.match(renderLetter(letter, undefined, plain), /the log has no event at this position$/);
  });

  it('letters have a line each', () => {
    assert.equal(
      renderLetters([letter], false, plain),
      [
        'consumer        position  state   reason        deliveries  replays  parked',
        'payment-worker  7         parked  gateway_away  13          1        2026-01-31 12:00:00.000 UTC',
      ].join('\n'),
    );
    assert.equal(renderLetters([], false, plain), 'no dead letters');
    assert.match(renderLetters([letter], true, plain), /\nmore with --after 7\/payment-worker$/);
  });

  it('a replay says whether it is asked for or only would be', () => {
    const rest = 'to process position 7 again: ORDERS.created of order o-1, which is Cancelled';
    assert.equal(renderReplay(letter, subject, false), `payment-worker is asked ${rest}`);
    assert.equal(renderReplay(letter, subject, true), `payment-worker would be asked ${rest}`);
  });

  it('a letter that was closed says when and why, and nothing of what to do', () => {
    const closed = {
      ...letter,
      state: 'closed' as const,
      closed_at: letter.parked_at,
      close_reason: 'paid by hand',
    };
    assert.match(
      letterStory(closed),
      /: gateway_away; closed at 2026-01-31 12:00:00\.000 UTC: paid by hand$/,
    );
  });

  it('what came of a replay is said in one line', () => {
    const again = { ...letter, last_error: 'The gateway is away.', close_reason: 'by hand' };
    const said = (outcome: ReplayOutcome) => renderOutcome(again, outcome, 30_000, plain);
    assert.equal(said('served'), 'payment-worker processed position 7');
    assert.equal(
      said('parked again'),
      'payment-worker failed to process position 7 and parked it again: gateway_away (The gateway is away.)',
    );
    assert.match(said('given up'), /received position 7 several times and never answered/);
    assert.match(said('closed'), /closed meanwhile: by hand/);
    assert.match(said('waiting'), /not answered position 7 in 30 s: is it running\?/);
  });

  it('a span of time has its two largest units', () => {
    const spans = [0, 35, 999, 1_250, 59_940, 60_000, 200_000, 7_500_000, 360_000_000];
    assert.deepEqual(spans.map(duration), [
      '0 ms',
      '35 ms',
      '999 ms',
      '1.3 s',
      '59.9 s',
      '1 min',
      '3 min 20 s',
      '2 h 5 min',
      '4 d 4 h',
    ]);
  });
});

describe('an order given by options', () => {
  const options = { customer: 'c-1', restaurant: 'r "1"' };

  it('keeps the digits of its prices, and colons in names', () => {
    assert.equal(
      placeBody({ ...options, item: ['P1:Pizza: large:9.50:2'] }),
      '{"customer_id":"c-1","restaurant_id":"r \\"1\\"","order_items":[{"code":"P1","name":"Pizza: large","unit_price":9.50,"quantity":2}]}',
    );
  });

  it('is refused where something is missing or an item is not written so', () => {
    assert.throws(() => placeBody({ restaurant: 'r-1' }), /--customer is missing/);
    assert.throws(() => placeBody({ customer: 'c-1' }), /--restaurant is missing/);
    assert.throws(() => placeBody(options), /--item is missing/);
    for (const item of ['P1:Pizza:9.50', 'P1:Pizza:nine:1', 'P1:Pizza:09:1', ':Pizza:1:1']) {
      assert.throws(() => placeBody({ ...options, item: [item] }), /code:name:unit price:quantity/);
    }
  });
});
