import type { RecordedEvent } from '../../../../shared/eventstore/event-store.ts';

/** Events of the log, by position. */
export interface LogPage {
  readonly events: readonly RecordedEvent[];
  /** More events match the filter. */
  readonly more: boolean;
}

/**
 * Payload after which a page ends, in bytes. It limits what every reader of the log
 * holds in memory, and is well under gRPC's limit of 4 MiB for a message.
 */
export const PAGE_BYTES = 2 * 1024 * 1024;
