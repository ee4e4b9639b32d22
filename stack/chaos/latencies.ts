import { type Times, timesOf } from '../../bench/figures/times.ts';
import { eventTypes } from '../../shared/contracts/events.ts';
import type { Told } from './person.ts';
import type { Happened } from './timeline.ts';
import type { Histories } from './verdict.ts';

/** What orders took that were sent in some span of time; in milliseconds, counted from sending. */
export interface Cost {
  readonly orders: number;
  readonly accept: Times | undefined;
  /** Until the log has them approved: of those that wait for no person and no deadline. */
  readonly journey: Times | undefined;
}

/** What orders of these took that `sent` in such a moment. */
export function cost(
  all: readonly Told[],
  histories: Histories,
  sent: (at: number) => boolean,
): Cost {
  const those = all.filter(({ sentAt }) => sent(sentAt));
  return {
    orders: those.length,
    accept: timesOf(those.flatMap(({ acceptedMs }) => acceptedMs ?? [])),
    journey: timesOf(those.flatMap((told) => journeyMs(told, histories) ?? [])),
  };
}

function journeyMs({ wish, orderId, sentAt }: Told, histories: Histories): number | undefined {
  if (wish.kind !== 'approved') return undefined;
  const events = histories.get(orderId ?? '') ?? [];
  const approved = events.find(({ eventType }) => eventType === eventTypes.approved);
  // The log's times are whole milliseconds of the same machine's clock.
  return approved && Math.max(0, approved.createdAt.getTime() - sentAt);
}

/** Whether no fault was under way. */
export const quiet =
  (happened: readonly Happened[]) =>
  (at: number): boolean =>
    !happened.some((one) => during(one)(at));

/** From a fault's beginning until all were ready again. */
export const during =
  ({ beganAt, overAt, readyAt = overAt }: Happened) =>
  (at: number): boolean =>
    at >= beganAt && at <= readyAt;
