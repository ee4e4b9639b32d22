/** How long a process waits for which answer, and who gives it. */
import type { RecordedEvent } from '../eventstore/event-store.ts';
import type { Deadline } from './deadlines.ts';

/** One kind of wait. Durations are in milliseconds. */
export interface DeadlineRule {
  /** From the event that begins the wait until the deadline is due. */
  readonly waitMs: number;
  /**
   * From that event until the deadline fires at the latest. Before that, it waits until
   * the worker that answers has got the event, and until the process has read the log so
   * far.
   */
  readonly ceilingMs: number;
  /** The worker that answers; undefined: the wait counts from the event's own time alone. */
  readonly answeredBy?: Answering;
}

/** Who answers. The wait counts from when the worker got the event. */
export interface Answering {
  /** Its durable. */
  readonly consumer: string;
  /** Type of the event that asks it. */
  readonly eventType: string;
  /**
   * A silent worker is asked again: each event of that type restarts the wait, twice as
   * long each time, and at most this long. Absent: it is asked once.
   */
  readonly againUpToMs?: number;
}

/** A rule for each kind. The kinds are frozen: rows and event ids are made of them. */
export type DeadlineRules<Kind extends string> = Readonly<Record<Kind, DeadlineRule>>;

/** The kinds of `rules`, in their order. */
export const kindsOf = <Kind extends string>(rules: DeadlineRules<Kind>): readonly Kind[] =>
  Object.keys(rules) as Kind[];

/** Whether a worker that does not answer is asked again. */
export const isAskedAgain = ({ answeredBy }: DeadlineRule): boolean =>
  answeredBy?.againUpToMs !== undefined;

/** How long the wait is after the worker was asked `asked` times. */
export function waitMsOf({ waitMs, answeredBy }: DeadlineRule, asked: number): number {
  const longestMs = answeredBy?.againUpToMs;
  if (longestMs === undefined) return waitMs;
  return Math.min(waitMs * 2 ** Math.max(0, asked - 1), Math.max(waitMs, longestMs));
}

/** The deadline of `kind` for an aggregate that waits since `event`. */
export function deadlineSince<Kind extends string>(
  event: RecordedEvent,
  kind: Kind,
  rule: DeadlineRule,
  asked = 1,
): Deadline<Kind> {
  const at = event.createdAt.getTime();
  const waitMs = waitMsOf(rule, asked);
  return {
    aggregateId: event.aggregateId,
    kind,
    dueAt: new Date(at + waitMs),
    // A worker cannot answer an event that it never gets: a foreign writer may have
    // brought the aggregate here by another one.
    position: event.eventType === rule.answeredBy?.eventType ? event.position : 0n,
    ceilingAt: new Date(at + Math.max(waitMs, rule.ceilingMs)),
    traceparent: event.metadata.traceparent ?? '',
    correlationId: event.metadata.correlation_id ?? '',
    causedBy: event.eventId,
  };
}

/** The deadline of `kind` that is due at once, whatever its worker has got. */
export function dueNow<Kind extends string>(event: RecordedEvent, kind: Kind): Deadline<Kind> {
  return deadlineSince(event, kind, { waitMs: 0, ceilingMs: 0 });
}
