/**
 * The fast path of a batch: predicts versions without reading, writes everything in
 * one statement, and lets the database's constraints decide. If a prediction is wrong
 * nothing is written, and classify.ts finds which append was at fault.
 */
import type { NewEvent } from '../../../shared/eventstore/event-store.ts';
import { type Append, aggregateOf } from './append.ts';

/** An event whose version is known, or known relative to the aggregate's last one. */
export interface PredictedEvent {
  readonly event: NewEvent;
  /** The version; undefined if the append expects none: then it is the aggregate's last version plus `offset`. */
  readonly version: bigint | undefined;
  readonly offset: bigint;
  /** The version that must exist before this one; undefined if none must, or this batch writes it. */
  readonly predecessor: bigint | undefined;
}

/** Predicts the versions of a batch. Pure. */
export function predict(batch: readonly Append[]): PredictedEvent[] {
  const predicted: PredictedEvent[] = [];
  /** Versions that this batch writes, by aggregate. */
  const written = new Map<string, Set<bigint>>();
  /** Number of earlier events without an expected version, by aggregate. */
  const offsets = new Map<string, bigint>();
  for (const append of batch) {
    const aggregate = aggregateOf(append);
    const own = written.get(aggregate) ?? new Set<bigint>();
    written.set(aggregate, own);
    let version = append.expectedVersion;
    for (const event of append.events) {
      if (version === undefined) {
        const offset = (offsets.get(aggregate) ?? 0n) + 1n;
        offsets.set(aggregate, offset);
        predicted.push({ event, version: undefined, offset, predecessor: undefined });
      } else {
        const predecessor = version === 0n || own.has(version) ? undefined : version;
        version += 1n;
        own.add(version);
        predicted.push({ event, version, offset: 0n, predecessor });
      }
    }
  }
  return predicted;
}
