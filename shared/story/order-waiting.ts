import { durables } from '../contracts/subjects.ts';
import { needsVoid, type OrderEvent, type OrderState } from '../domain/order.ts';

/** What an order waits for. */
export interface Waiting {
  /** Names of the consumers that could answer. */
  readonly consumers: readonly string[];
  readonly for: string;
  /**
   * The consumer has not received the event yet: the order waits in its queue, until `until`
   * at most.
   */
  readonly queued?: true;
  /** When the wait began; absent if it has no end. */
  readonly since?: string;
  /** The end of the wait, by the settings of this command; absent: no end. */
  readonly until?: string;
  /** Until then; negative if it has passed. */
  readonly remaining_ms?: number;
  /** What happens then, or meanwhile. */
  readonly afterwards: string;
}

/** How long orders may wait, in milliseconds. */
export interface Waits {
  readonly paymentMs: number;
  readonly reviewMs: number;
  /** However long the queue is. */
  readonly ceilingMs: number;
}

/** The positions up to which the consumers received events; absent: unknown. */
export type Delivered = Readonly<Record<'payment' | 'review', bigint>>;

/** What `state` waits for; undefined if nothing. */
export function waiting(
  state: OrderState,
  history: readonly {
    readonly event: OrderEvent;
    readonly at: Date;
    readonly position: bigint;
  }[],
  {
    now,
    deadlines,
    delivered,
  }: {
    readonly now: Date;
    readonly deadlines: Waits;
    readonly delivered?: Delivered | undefined;
  },
): Waiting | undefined {
  const end = (type: OrderEvent['type'], waitMs: number, given: bigint | undefined) => {
    const since = history.find(({ event }) => event.type === type);
    if (since === undefined) return {};
    const queued = given !== undefined && given < since.position;
    const ms = queued ? Math.max(waitMs, deadlines.ceilingMs) : waitMs;
    const until = new Date(since.at.getTime() + ms);
    return {
      ...(queued && { queued }),
      since: since.at.toISOString(),
      until: until.toISOString(),
      remaining_ms: until.getTime() - now.getTime(),
    };
  };
  if (state.status === 'Pending') {
    return {
      consumers: [durables.payment],
      for: 'the payment worker, to take the money',
      ...end('created', deadlines.paymentMs, delivered?.payment),
      afterwards:
        'the saga coordinator cancels it (payment_deadline) and requests a refund of what was taken',
    };
  }
  if (state.status === 'Paid') {
    return {
      consumers: [durables.review],
      for: 'the review worker or the restaurant, to accept or reject it',
      ...end('paymentdebited', deadlines.reviewMs, delivered?.review),
      afterwards: 'the saga coordinator cancels it (review_deadline) and requests a refund',
    };
  }
  if (needsVoid(state)) {
    return {
      consumers: [durables.saga],
      for: 'the saga coordinator, to request the refund',
      afterwards: 'this is repeated until it succeeds; you need not do anything',
    };
  }
  if (state.payment === 'void_requested') {
    return {
      consumers: [durables.payment],
      for: 'the payment worker, to refund the money',
      afterwards:
        'this is repeated until it succeeds; if nobody answers, the saga coordinator requests it again',
    };
  }
  return undefined;
}
