/** An order as a backup has it. */
import { debitKey, voidKey } from '../../../services/paymentworker/keys.ts';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE } from '../../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../../shared/domain/order.ts';
import { derivedId } from '../../../shared/eventstore/ids.ts';
import { minor } from '../../../shared/money/money.ts';
import type { Original } from '../copies.ts';
import { earlier } from '../timed-ids.ts';

export const codec = orderEventCodec(2);
const AT = Date.parse('2026-01-02T03:04:05.678Z');
const idAt = (ms: number, rest: string) =>
  earlier(`ffffffff-ffff-7000-8000-${rest}`, 2 ** 48 - 1 - ms);
export const orderId = idAt(AT, '000000000001');
const paymentId = idAt(AT + 10, '000000000002');

const createdId = derivedId('ordersvc', orderId, 'created');
const debitedId = derivedId(durables.payment, createdId, 'answer');
const cancelledId = derivedId('ordersvc', orderId, 'cancel');
export const voidId = derivedId(durables.saga, orderId, 'void');
const voidedId = derivedId(durables.payment, voidId, 'answer');

const amount = minor(1_900);
const order = {
  orderId,
  customerId: 'ada',
  restaurantId: 'trattoria',
  amount,
  createdOn: new Date(AT).toISOString(),
  items: [{ code: 'PZ1', name: 'Pizza', unitPrice: amount, quantity: 1 }],
};

const story: readonly (readonly [OrderEvent, string, string | undefined])[] = [
  [{ type: 'created', order }, createdId, undefined],
  [{ type: 'paymentdebited', orderId, customerId: 'ada', amount, paymentId }, debitedId, createdId],
  [{ type: 'cancelled', orderId, decidedBy: 'customer', reason: 'late' }, cancelledId, undefined],
  [{ type: 'voidrequested', orderId, reason: 'late' }, voidId, cancelledId],
  [{ type: 'paymentvoided', orderId, paymentId }, voidedId, voidId],
];

const micros = (ms: number) => String(ms * 1_000);
/** An order that was debited, cancelled and paid back, with a worker's place. */
export const original: Original = {
  events: story.map(([event, eventId, causeId], index) => ({
    ...codec.encode(event),
    position: String(index + 1),
    eventId,
    aggregateType: ORDER_AGGREGATE,
    aggregateId: orderId,
    version: String(index + 1),
    // As PostgreSQL writes it.
    metadata:
      causeId === undefined ? '{}' : `{"causation_id": "${causeId}", "correlation_id": "c"}`,
    createdMicros: micros(AT + index),
  })),
  lines: [
    {
      idempotencyKey: debitKey(orderId),
      orderId,
      customerId: 'ada',
      kind: 'debit',
      amountMinor: '1900',
      outcome: 'debited',
      paymentId,
      reason: '',
      createdMicros: micros(AT + 1),
      voidKey: voidKey(voidId),
      voidedMicros: micros(AT + 4),
    },
  ],
  places: [{ consumer: durables.payment, position: '4', eventId: voidId }],
};
