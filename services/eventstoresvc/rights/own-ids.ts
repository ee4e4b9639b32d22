import type { NewEvent } from '../../../shared/eventstore/event-store.ts';
import { type Derivation, EVERY } from '../../../shared/eventstore/grpc/store-rights.ts';
import { derivedId } from '../../../shared/eventstore/ids.ts';

/** As `derivedId` writes one. Whatever looks different is nobody's derived id. */
const DERIVED = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** So often is a void asked for at most; at the usual interval it takes a month. */
const MOST_COUNTED = 10_000;

/**
 * Whether an event has no derived id, or one that a program with these derivations makes. The
 * handler's name is part of the hash, so whatever cause the event claims, the id of another
 * program's answer cannot be taken before it answers.
 */
export function isOwnId(derives: readonly Derivation[] | typeof EVERY, event: NewEvent): boolean {
  if (derives === EVERY || !DERIVED.test(event.eventId)) return true;
  return derives.some((derivation) => makes(derivation, event));
}

function makes({ handler, of, purposes, counted = [] }: Derivation, event: NewEvent): boolean {
  const from = of === 'aggregate' ? event.aggregateId : event.metadata.causation_id;
  if (from === undefined) return false;
  const is = (purpose: string) => derivedId(handler, from, purpose) === event.eventId;
  if (purposes.some(is)) return true;
  for (const counting of counted) {
    for (let n = 0; n <= MOST_COUNTED; n++) if (is(`${counting}:${n}`)) return true;
  }
  return false;
}
