/** What is lost, as lines for people and as a document for programs. */
import { decimalText, majorUnits } from '../../shared/money/money.ts';
import type { LostOrder } from './lost-orders.ts';
import type { Looked } from './recover.ts';

/** The most orders that are listed; the file has all. */
const NAMED = 20;

export function renderLost({ standing, lost, gone, setBack }: Looked, decimals: number): string {
  const { kind, head, agreed, streamLast, why } = standing;
  if (kind === 'follows') return 'The log has every event that the stream has.';
  if (kind === 'refused') return `The stream belongs to another log: ${why}.`;
  const order = ({ orderId, customerId, amount, debits }: LostOrder) =>
    [
      `  ${orderId}`,
      ...(customerId === '' ? [] : [`of ${customerId} for ${decimalText(amount, decimals)}`]),
      ...debits.map(
        (debit) => `debited ${decimalText(debit.amount, decimals)} as ${debit.paymentId}`,
      ),
    ].join(', ');
  const named = (orders: readonly LostOrder[]) => [
    ...orders.slice(0, NAMED).map(order),
    ...(orders.length > NAMED ? [`  and ${orders.length - NAMED} more`] : []),
  ];
  return [
    kind === 'behind'
      ? `The log ends at ${head} but the stream at ${streamLast}: the log has lost ${lost} events.`
      : `${why}. ${lost} events of the stream are not in the log, which ends at ${head}; they agree up to ${agreed}.`,
    ...(gone.length > 0 ? [`${gone.length} orders are only in the stream:`, ...named(gone)] : []),
    ...(setBack.length > 0
      ? [
          `${setBack.length} orders have later events in the stream than in the log:`,
          ...named(setBack),
        ]
      : []),
  ].join('\n');
}

export function lostDocument({ standing, lost, gone, setBack }: Looked, decimals: number): object {
  const order = ({ orderId, customerId, amount, debits, events }: LostOrder) => ({
    order_id: orderId,
    customer_id: customerId,
    amount: majorUnits(amount, decimals),
    debits: debits.map((debit) => ({
      payment_id: debit.paymentId,
      amount: majorUnits(debit.amount, decimals),
    })),
    lost_events: events,
  });
  return {
    kind: standing.kind,
    head: Number(standing.head),
    agreed: Number(standing.agreed),
    stream_last: Number(standing.streamLast),
    why: standing.why,
    lost_events: lost,
    orders_gone: gone.map(order),
    orders_set_back: setBack.map(order),
  };
}
