/** Whether an order has exactly the deadline rows that it should have. Pure. */
import type { DeadlineTimes } from '../../services/sagacoordinator/saga/order-deadlines.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Deadline } from '../../shared/process-manager/deadlines.ts';
import type { StoredDeadline } from './sources.ts';

export interface ComparedRows {
  /** The deadlines that the log gives the order now. */
  readonly owed: readonly Deadline[];
  readonly rows: readonly StoredDeadline[];
  /** All rows of the order, in order. */
  readonly events: readonly RecordedEvent[];
  readonly times: DeadlineTimes;
  /** When the rows were read, in milliseconds since the epoch. */
  readonly readAt: number;
  readonly patience: { readonly graceMs: number };
}

/**
 * The coordinator waits five minutes at most, plus some jitter, before it fires a failed
 * deadline again.
 */
const POSTPONED_MS = 600_000;

/** What is wrong, one text per row. */
export function deadlineProblems(compared: ComparedRows): readonly string[] {
  const { owed, rows } = compared;
  const missing = owed
    .filter(({ kind }) => !rows.some((row) => row.kind === kind))
    .map(({ kind, dueAt }) => `has no ${kind} deadline, the log has it due ${dueAt.toISOString()}`);
  return [...missing, ...rows.flatMap((row) => problemOf(row, compared) ?? [])];
}

function problemOf(row: StoredDeadline, compared: ComparedRows): string | undefined {
  const due = row.dueAt.toISOString();
  const wanted = compared.owed.find(({ kind }) => kind === row.kind);
  if (wanted === undefined) {
    return isLate(row, compared)
      ? undefined
      : `has a ${row.kind} deadline of ${due} and waits for none`;
  }
  const at = wanted.dueAt.toISOString();
  if (row.causedBy !== wanted.causedBy) {
    return `has a ${row.kind} deadline of the event ${row.causedBy || 'none'}, the log of ${wanted.causedBy}`;
  }
  if (isMoved(row, wanted, compared.readAt)) {
    return `has its ${row.kind} deadline at ${due}, the log at ${at}`;
  }
  // A row of an older release counts only from its time.
  if (row.ceilingAt === null) return undefined;
  if (row.ceilingAt.getTime() !== wanted.ceilingAt.getTime()) {
    const [has, log] = [row.ceilingAt.toISOString(), wanted.ceilingAt.toISOString()];
    return `has the ceiling of its ${row.kind} deadline at ${has}, the log at ${log}`;
  }
  return row.position === wanted.position
    ? undefined
    : `has its ${row.kind} deadline count from position ${row.position}, the log from ${wanted.position}`;
}

/**
 * Its due time differs from the log's. Once due, the coordinator postpones it while its
 * worker has not received the event, or while firing fails; a repair may have made a void
 * due.
 */
function isMoved(row: StoredDeadline, wanted: Deadline, readAt: number): boolean {
  const [due, log] = [row.dueAt.getTime(), wanted.dueAt.getTime()];
  if (due === log) return false;
  if (due < log) return row.kind !== 'void' || due > readAt;
  if (readAt < log) return true;
  const latest = row.attempts > 0 ? readAt + POSTPONED_MS : 0;
  return due > Math.max(latest, wanted.ceilingAt.getTime());
}

/**
 * It was set late by a slow coordinator, or postponed while its worker received nothing: it
 * would have been right earlier, and disappears when it is due.
 */
function isLate(row: StoredDeadline, { events, times, readAt, patience }: ComparedRows): boolean {
  const cause = events.find(({ eventId }) => eventId === row.causedBy);
  const ms = (times as Readonly<Record<string, number>>)[row.kind];
  if (cause === undefined || ms === undefined) return false;
  const due = row.dueAt.getTime();
  const began = cause.createdAt.getTime();
  const latest = began + Math.max(ms, times.ceiling);
  return due >= began + ms && due <= latest && readAt < due + patience.graceMs;
}
