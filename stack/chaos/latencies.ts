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

/**
 * The longest time in which customers waited and no order was accepted, of which some lies in a
 * fault, in milliseconds. While none is sent nobody waits. Undefined if nothing was accepted
 * during the fault or after it.
 */
export function pauseOfAccepting(
  all: readonly Told[],
  { beganAt, overAt, readyAt = overAt }: Pick<Happened, 'beganAt' | 'overAt' | 'readyAt'>,
): number | undefined {
  const accepted = all
    .flatMap(({ sentAt, acceptedMs }) =>
      acceptedMs === undefined ? [] : [{ sentAt, at: sentAt + acceptedMs }],
    )
    .sort((a, b) => b.at - a.at);
  let longest: number | undefined;
  let waitingSince = Number.POSITIVE_INFINITY;
  for (const [index, { sentAt, at }] of accepted.entries()) {
    waitingSince = Math.min(waitingSince, sentAt);
    const since = Math.max(waitingSince, accepted[index + 1]?.at ?? 0);
    if (at < beganAt || since > readyAt) continue;
    longest = Math.max(longest ?? 0, at - since);
  }
  return longest;
}

/**
 * The longest of these pauses for each kind of fault, longest first: the same fault of another
 * instance, or of several, is of the same kind.
 */
export function pausesByKind(
  faults: readonly { readonly name: string; readonly pauseMs: number | undefined }[],
): readonly (readonly [kind: string, pauseMs: number])[] {
  const longest = new Map<string, number>();
  for (const { name, pauseMs } of faults) {
    if (pauseMs === undefined) continue;
    const kind = name.replaceAll(/ and \S+-\d+/g, '').replace(/^(\S+?)-\d+ /, '$1 ');
    longest.set(kind, Math.max(longest.get(kind) ?? 0, pauseMs));
  }
  return [...longest].sort(([, a], [, b]) => b - a);
}
