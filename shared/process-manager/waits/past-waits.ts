import type { RecordedEvent } from '../../eventstore/event-store.ts';
import type { Process } from '../process.ts';
import { stepOf } from '../step.ts';
import { Folding, type Waits } from './waits.ts';

/** What aggregates wait for, from the events that a long log gave of them so far. */
export interface PastWaits<Kind extends string> {
  /** The next events of the log, in its order. Without any the end is reached, and nothing is kept. */
  given(events: readonly RecordedEvent[]): void;
  /** The waits of an aggregate after all that was given; undefined: it must be read, or asks for a command. */
  of(aggregateId: string): Waits<Kind> | undefined;
}

/** So many aggregates are kept; beyond, the one begun first is read instead. */
const MOST = 10_000;

interface Past<State, Command, Event, Kind extends string> {
  readonly folding: Folding<State, Command, Event, Kind>;
  version: bigint;
}

/** Keeps what waits for something, of aggregates that it is given from their first event on. */
export function pastWaits<State, Command, Event, Kind extends string>(
  process: Process<State, Command, Event, Kind>,
): PastWaits<Kind> {
  const kept = new Map<string, Past<State, Command, Event, Kind>>();
  let touched = new Set<string>();
  let last = 0n;

  function keep({
    aggregateId,
    version,
  }: RecordedEvent): Folding<State, Command, Event, Kind> | undefined {
    if (version === 1n) kept.set(aggregateId, { folding: new Folding(process), version: 0n });
    const past = kept.get(aggregateId);
    if (past === undefined) return undefined;
    past.version += 1n;
    if (past.version === version) return past.folding;
    kept.delete(aggregateId);
    return undefined;
  }

  function known(aggregateId: string): Waits<Kind> | undefined {
    const folded = kept.get(aggregateId)?.folding.folded();
    if (folded === undefined || folded.spoilt) return undefined;
    const { command } = stepOf(process, folded.state, { type: 'event' }, aggregateId);
    return command === undefined ? folded : undefined;
  }

  return {
    given(events) {
      for (const aggregateId of touched) {
        if (known(aggregateId)?.awaited.length === 0) kept.delete(aggregateId);
      }
      touched = new Set();
      const [first] = events;
      // Followed again from an earlier place, the log may be another one behind it.
      if (first === undefined || first.position <= last) kept.clear();
      for (const event of events) {
        last = event.position;
        keep(event)?.add(event);
        touched.add(event.aggregateId);
      }
      for (const aggregateId of kept.keys()) {
        if (kept.size <= MOST) break;
        kept.delete(aggregateId);
      }
    },

    of: known,
  };
}
