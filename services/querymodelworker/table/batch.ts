/** Folds a batch of events into rows. Pure. */
import type { OrderEventCodec } from '../../../shared/contracts/events.ts';
import { ORDER_AGGREGATE } from '../../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../../shared/domain/order.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { CodedError, isKind } from '../../../shared/kit/errors.ts';
import { type EndedOrder, endedBy } from './ended-orders.ts';
import { foldRow, type OrderRow, passRow } from './order-row.ts';
import type { ProjectionFailure } from './projection-failure.ts';

/** The result of a batch of events. */
export interface FoldedBatch {
  /** The rows that changed, by order id. */
  readonly changed: ReadonlyMap<string, OrderRow>;
  readonly failures: readonly ProjectionFailure[];
  /** Number of events of unknown types, which change no more of a row than its version. */
  readonly unknown: number;
  /** Orders that ended. */
  readonly ended: readonly EndedOrder[];
}

/** Folds `events`, in order, into the current `rows` of their orders. */
export function foldBatch(
  codec: OrderEventCodec,
  rows: ReadonlyMap<string, OrderRow>,
  events: readonly RecordedEvent[],
): FoldedBatch {
  const changed = new Map<string, OrderRow>();
  const failures: ProjectionFailure[] = [];
  const ended: EndedOrder[] = [];
  let unknown = 0;
  for (const event of events) {
    let change: OrderEvent | undefined;
    try {
      change = event.aggregateType === ORDER_AGGREGATE ? codec.decode(event) : undefined;
    } catch (error) {
      if (!isKind(error, 'invalid')) throw error;
      failures.push(failureOf(event, error));
      continue;
    }
    const orderId = event.aggregateId;
    const row = changed.get(orderId) ?? rows.get(orderId);
    if (change === undefined) {
      unknown++;
      if (row === undefined || event.aggregateType !== ORDER_AGGREGATE) continue;
      const passed = passRow(row, event);
      if (passed !== row) changed.set(orderId, passed);
      continue;
    }
    const folded = foldRow(row, event, change);
    if (folded === row) continue;
    changed.set(orderId, folded);
    const end = endedBy(change, row, folded);
    if (end !== undefined) ended.push(end);
  }
  return { changed, failures, unknown, ended };
}

function failureOf(event: RecordedEvent, error: unknown): ProjectionFailure {
  return {
    position: event.position,
    eventId: event.eventId,
    eventType: event.eventType,
    orderId: event.aggregateId,
    reason: error instanceof Error ? error.message : String(error),
  };
}

/**
 * Throws CodedError `internal` (code `gap_in_events`) unless `events` are at after + 1,
 * after + 2, …: an event skipped once is missing for ever.
 */
export function refuseGaps(after: bigint, events: readonly RecordedEvent[]): void {
  let expected = after;
  for (const { position } of events) {
    expected++;
    if (position === expected) continue;
    throw new CodedError(
      'internal',
      'gap_in_events',
      `The event at position ${expected} is missing: ${position} came instead.`,
    );
  }
}
