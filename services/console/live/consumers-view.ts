/** The readers of the log, seen from the log's side. Pure. */

import { answeredTypes } from '../../../shared/contracts/answered-types.ts';
import type { Consumer, Part } from '../../../shared/contracts/console.ts';
import { eventTypes as types } from '../../../shared/contracts/events.ts';
import { durables, READ_MODEL } from '../../../shared/contracts/subjects.ts';
import type { ParkedLetter } from '../../../shared/eventstore/dead-letters.ts';

/** The service that runs each consumer. */
const partOf: Readonly<Record<string, string>> = {
  [durables.payment]: 'paymentworker',
  [durables.review]: 'reviewworker',
  [durables.saga]: 'sagacoordinator',
  [READ_MODEL]: 'querymodelworker',
};

/** The part that runs the consumer `name`; undefined for one of others. */
export const runnerOf = (name: string): string | undefined => partOf[name];

const known: ReadonlySet<string> = new Set(Object.values(types));

/** Whether it has not fallen behind if only such events came. Types that are new here are everybody's. */
const passesBy = (consumer: string, type: string): boolean =>
  known.has(type) && answeredTypes[consumer]?.includes(type) === false;

/** How far a consumer is. */
export interface Progress {
  readonly consumer: string;
  readonly position: number;
  readonly delivered: number;
  /** Milliseconds since it last called the event store; undefined: unknown. */
  readonly silentMs?: number | undefined;
}

export interface ConsumersSeen {
  readonly head: number;
  /** The position of the last event of each type, as far as it was seen. */
  readonly lastOf: ReadonlyMap<string, number>;
  readonly progress: readonly Progress[];
  readonly parked: readonly ParkedLetter[];
  /** Seconds since the event after this position was appended; undefined if unknown. */
  readonly ageAfter: (position: number) => number | undefined;
  readonly part: (name: string) => Part | undefined;
}

export function consumersOf(seen: ConsumersSeen): readonly Consumer[] {
  return seen.progress.map(({ consumer, position, delivered, silentMs }) => {
    const parked = seen.parked.filter((letter) => letter.consumer === consumer);
    const runner = runnerOf(consumer);
    const silentS = silenceOf(runner === undefined ? undefined : seen.part(runner), silentMs);
    const lag = hasMore(seen, consumer, position) ? seen.head - position : 0;
    return {
      name: consumer,
      ...(runner !== undefined && { part: runner }),
      position,
      delivered,
      lag,
      lag_s: lag === 0 ? 0 : (seen.ageAfter(position) ?? 0),
      in_flight: Math.max(0, delivered - position),
      letters_parked: parked.length,
      ...(parked.length > 0 && { last_error: newest(parked).lastError.split('\n', 1)[0] ?? '' }),
      ...(silentS !== undefined && { silent_s: silentS }),
    };
  });
}

/** A consumer that works calls each second; this is a few calls that did not come. */
const SILENT_MS = 4_000;

/**
 * For how long a consumer has been silent, in seconds. Its part knows best: another instance of
 * the event store may be the one that it calls.
 */
function silenceOf(part: Part | undefined, silentMs: number | undefined): number | undefined {
  if (part !== undefined) return part.silent_s;
  return silentMs !== undefined && silentMs > SILENT_MS
    ? Math.round(silentMs / 100) / 10
    : undefined;
}

/** Whether an event that is the consumer's, or one that was not seen yet, came after `position`. */
function hasMore({ head, lastOf }: ConsumersSeen, consumer: string, position: number): boolean {
  if (answeredTypes[consumer] === undefined || head <= position) return head > position;
  const lastSeen = Math.max(0, ...lastOf.values());
  if (lastSeen < head) return true;
  return [...lastOf].some(([type, at]) => at > position && !passesBy(consumer, type));
}

const newest = (letters: readonly ParkedLetter[]): ParkedLetter =>
  letters.reduce((one, other) => (other.parkedAt > one.parkedAt ? other : one));

/** Why the consumer `name` may stand still, in words. */
export function troubleOf(name: string, part: (name: string) => Part | undefined): string[] {
  const runner = runnerOf(name);
  const found = runner === undefined ? undefined : part(runner);
  if (found === undefined || found.state === 'ready') return [];
  if (found.state === 'silent') {
    return [
      `${found.name} has not answered for ${Math.round(found.silent_s ?? 0)} s: it is stopped, hangs or is away`,
    ];
  }
  return found.reasons.map((reason) => `${found.name} is ${found.state}: ${reason}`);
}
