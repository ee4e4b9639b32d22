/** A worker of the bare path: answers each event with the next one. Its argument says which. */
import { randomUUID } from 'node:crypto';
import { consume } from './consumer.ts';
import { setting } from './settings.ts';
import { BARE_STREAM, type BareEvent, openAppender, type StoredEvent } from './wire.ts';

const answers = {
  payment: {
    to: 'created',
    with: ({ orderId }: StoredEvent): BareEvent => ({
      id: randomUUID(),
      type: 'debited',
      orderId,
      version: 2,
      data: JSON.stringify({ order_id: orderId, status: 'debited' }),
    }),
  },
  review: {
    to: 'debited',
    with: ({ orderId }: StoredEvent): BareEvent => ({
      id: randomUUID(),
      type: 'approved',
      orderId,
      version: 3,
      data: JSON.stringify({ order_id: orderId, decided_by: 'policy' }),
    }),
  },
} as const;

const kind = process.argv[2] === 'payment' ? 'payment' : 'review';
const answer = answers[kind];
const append = openAppender(setting('BARE_STORE'));
await consume(kind, [`${BARE_STREAM}.${answer.to}`], async (events) => {
  await Promise.all(events.map((event) => append(answer.with(event))));
});
