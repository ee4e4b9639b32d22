/**
 * The slow path of a batch: from what the log holds, finds which appends were
 * written already, which are refused, and which versions the rest get. Pure, so
 * every case can be tested without a database.
 */

import type { NewEvent } from '../../../shared/eventstore/event-store.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import {
  type Append,
  type AppendResult,
  aggregateOf,
  type NumberedEvent,
  sameContent,
} from './append.ts';

/** An event of the log with its position and version. */
export interface KnownEvent extends NewEvent {
  readonly version: bigint;
  readonly position: bigint;
}

/** What the log held at one moment, limited to a batch. */
export interface Snapshot {
  /** Events of the log whose ids occur in the batch, by id. */
  readonly known: ReadonlyMap<string, KnownEvent>;
  /** Last version of each aggregate in the batch, by `aggregateOf`; absent: no such aggregate. */
  readonly versions: ReadonlyMap<string, bigint>;
}

export interface Classified {
  /** By index in the batch: the answer, or undefined for appends still to be written. */
  readonly results: readonly (AppendResult | undefined)[];
  /** Indices of conflicts with events still to be written: true only once those are. */
  readonly unproven: ReadonlySet<number>;
  /** Events still to be written, in order of position. */
  readonly survivors: readonly NumberedEvent[];
}

/** Classifies a batch in which no event id occurs twice. */
export function classify(batch: readonly Append[], snapshot: Snapshot): Classified {
  const versions = new Map(snapshot.versions);
  const survivors: NumberedEvent[] = [];
  const unproven = new Set<number>();
  const results = batch.map((append, index): AppendResult | undefined => {
    // Ids are checked before versions: a repeat is not a conflict.
    const known = append.events.filter((event) => snapshot.known.has(event.eventId));
    if (known.length > 0) return repeated(append, snapshot);
    const aggregate = aggregateOf(append);
    const version = versions.get(aggregate) ?? 0n;
    if (append.expectedVersion !== undefined && append.expectedVersion !== version) {
      if (version !== (snapshot.versions.get(aggregate) ?? 0n)) unproven.add(index);
      return versionConflict(append, append.expectedVersion, version);
    }
    for (const [n, event] of append.events.entries()) {
      survivors.push({ event, version: version + BigInt(n) + 1n });
    }
    versions.set(aggregate, version + BigInt(append.events.length));
    return undefined;
  });
  return { results, unproven, survivors };
}

/** The first result again, if the whole append was written then, contiguously and with the same content. */
function repeated(append: Append, { known }: Snapshot): AppendResult {
  let last: KnownEvent | undefined;
  for (const event of append.events) {
    const stored = known.get(event.eventId);
    const follows = stored && (last === undefined || stored.position === last.position + 1n);
    if (!stored || !follows || !sameContent(stored, event)) {
      const other =
        stored ??
        [...known.values()].find((one) => append.events.some((e) => e.eventId === one.eventId));
      return new CodedError(
        'already_exists',
        'event_id_reused',
        `Event id ${other?.eventId ?? event.eventId} is already in the log, with other content or as part of another append.`,
      );
    }
    last = stored;
  }
  // An append has at least one event, so there is a last one.
  if (last === undefined) return new RangeError('an append without events');
  return { version: last.version, position: last.position };
}

function versionConflict(append: Append, expected: bigint, actual: bigint): CodedError {
  const { aggregateType, aggregateId } = append.events[0] ?? { aggregateType: '', aggregateId: '' };
  return new CodedError(
    'conflict',
    'version_conflict',
    `The ${aggregateType} ${aggregateId} is at version ${actual}, not at ${expected}: read it and decide again.`,
  );
}
