import assert from 'node:assert/strict';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import { durables } from '../../../shared/contracts/subjects.ts';
import type { ParkedLetter } from '../../../shared/eventstore/dead-letters.ts';
import { detailOf } from './order-detail.ts';

const at = '2026-03-01T18:30:00.000Z';
const events = [
  {
    event_id: 'e1',
    event_type: 'ORDERS.created',
    version: 1,
    position: 1,
    created_at: at,
    data: {
      order_id: 'o1',
      customer_id: 'ada',
      restaurant_id: 'trattoria',
      status: 'Pending',
      payment_status: 'none',
      amount: 9.5,
      order_items: [],
      created_on: at,
      version: 1,
    },
    metadata: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
  },
];
const letter: ParkedLetter = {
  consumer: durables.payment,
  position: 1n,
  eventId: 'e1',
  reason: 'payment_gateway_unavailable',
  lastError: 'gateway.internal did not answer',
  deliveries: 6,
  traceparent: '',
  parkedAt: new Date(at),
  state: 'parked',
  replays: 0,
  replayRequestedAt: undefined,
  resolvedAt: undefined,
  closedAt: undefined,
  closeReason: '',
};

describe('an order in detail', () => {
  const storyFor = (all: boolean) => {
    const detail = detailOf('o1', events, {
      decimals: 2,
      patience: { paymentMs: 60_000, reviewMs: 60_000 },
      nowMs: Date.parse(at),
      codec: orderEventCodec(2),
      waits: { paymentMs: 60_000, reviewMs: 60_000, ceilingMs: 3_600_000 },
      letters: [letter],
      delivered: undefined,
      troubleOf: () => [],
      all,
    });
    assert.ok(detail);
    return detail.story;
  };

  it('tells who sees all which letters stand in its way', () => {
    const { letters, waiting, trace_ids } = storyFor(true);
    assert.equal(letters.length, 1);
    assert.match(waiting?.trouble?.join() ?? '', /gave up .*payment_gateway_unavailable/);
    assert.equal(trace_ids.length, 1);
  });

  it('tells customers and restaurants nothing of letters and traces', () => {
    const story = storyFor(false);
    assert.deepEqual([story.letters, story.waiting?.trouble, story.trace_ids], [[], undefined, []]);
    assert.doesNotMatch(JSON.stringify(story), /gave up|gateway/);
  });
});
