import type { Appended, NewEvent } from '../../../shared/eventstore/event-store.ts';

/** Events of one aggregate that are to be written together or not at all. */
export interface Append {
  readonly events: readonly NewEvent[];
  /** The aggregate's version that this was decided against; undefined: whatever it is. */
  readonly expectedVersion?: bigint | undefined;
}

/** What became of an append: where it lies, or why it does not. */
export type AppendResult = Appended | Error;

/** An event with the version it is to be written at. */
export interface NumberedEvent {
  readonly event: NewEvent;
  readonly version: bigint;
}

/** Names the aggregate of an append; ids may hold any printable character but not a line break. */
export const aggregateOf = ({ events: [first] }: Append): string =>
  `${first?.aggregateType}\n${first?.aggregateId}`;

/** True where two events are the same event: same id and same content. Metadata and versions do not count. */
export function sameContent(a: NewEvent, b: NewEvent): boolean {
  return (
    a.eventId === b.eventId &&
    a.eventType === b.eventType &&
    a.aggregateType === b.aggregateType &&
    a.aggregateId === b.aggregateId &&
    a.data === b.data
  );
}
