import type { Appended, NewEvent } from '../../../shared/eventstore/event-store.ts';

/** Events of one aggregate, to be written all or none. */
export interface Append {
  readonly events: readonly NewEvent[];
  /** The aggregate's version that the events were decided at; undefined: any. */
  readonly expectedVersion?: bigint | undefined;
}

/** The result of an append: where its events are, or why they were not written. */
export type AppendResult = Appended | Error;

/** An event and the version to write it at. */
export interface NumberedEvent {
  readonly event: NewEvent;
  readonly version: bigint;
}

/** A key for the append's aggregate, joined by a line break: ids can hold any printable character, but not that. */
export const aggregateOf = ({ events: [first] }: Append): string =>
  `${first?.aggregateType}\n${first?.aggregateId}`;

/** True if both are the same event: same id and content. Metadata and versions do not count. */
export function sameContent(a: NewEvent, b: NewEvent): boolean {
  return (
    a.eventId === b.eventId &&
    a.eventType === b.eventType &&
    a.aggregateType === b.aggregateType &&
    a.aggregateId === b.aggregateId &&
    a.data === b.data
  );
}
