import { durables } from '../shared/contracts/subjects.ts';
import { needsVoid, type OrderEvent, type OrderState } from '../shared/domain/order.ts';

/** What an order waits for. */
export interface Waiting {
  /** Names of the consumers that could answer. */
  readonly consumers: readonly string[];
  readonly for: string;
  /** The end of the wait, as it is configured where the story is told; absent: no end. */
  readonly until?: string;
  /** Until then; negative where it has passed. */
  readonly remaining_ms?: number;
  /** What happens then, or meanwhile. */
  readonly afterwards: string;
}

/** What `state` waits for; undefined where it waits for nobody. */
export function waiting(
  state: OrderState,
  history: readonly { readonly event: OrderEvent; readonly at: Date }[],
  {
    now,
    deadlines,
  }: {
    readonly now: Date;
    readonly deadlines: { readonly paymentMs: number; readonly reviewMs: number };
  },
): Waiting | undefined {
  const end = (type: OrderEvent['type'], waitMs: number) => {
    const since = history.find(({ event }) => event.type === type)?.at;
    if (since === undefined) return {};
    const until = new Date(since.getTime() + waitMs);
    return { until: until.toISOString(), remaining_ms: until.getTime() - now.getTime() };
  };
  if (state.status === 'Pending') {
    return {
      consumers: [durables.payment],
      for: 'the payment worker, to take the money',
      ...end('created', deadlines.paymentMs),
      afterwards:
        'the saga coordinator cancels it (payment_deadline) and has what was taken given back',
    };
  }
  if (state.status === 'Paid') {
    return {
      consumers: [durables.review],
      for: 'the review worker or the restaurant, to accept it or turn it down',
      ...end('paymentdebited', deadlines.reviewMs),
      afterwards: 'the saga coordinator cancels it (review_deadline) and has the money given back',
    };
  }
  if (needsVoid(state)) {
    return {
      consumers: [durables.saga],
      for: 'the saga coordinator, to ask for the money back',
      afterwards: 'it is tried until it succeeds; nobody else has to do anything',
    };
  }
  if (state.payment === 'void_requested') {
    return {
      consumers: [durables.payment],
      for: 'the payment worker, to give the money back',
      afterwards: 'it is tried again until it succeeds, or is parked as a dead letter',
    };
  }
  return undefined;
}
