/** The books, as an audit reads them: in pages, in bounded memory, changing nothing. */
import type { OrderRow } from '../../services/querymodelworker/table/order-row.ts';
import type { ProjectionFailure } from '../../services/querymodelworker/table/projection-failure.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { AuditedLine } from './ledger-line.ts';
import type { AuditedPlaces } from './places.ts';
import type { PublishedMessage } from './stream-message.ts';

/** What is compared. The caller closes them. */
export interface AuditSources {
  readonly log: Pick<EventStore, 'head' | 'stream' | 'readAggregate' | 'deadLetters'>;
  readonly places: AuditedPlaces;
  readonly published: Published;
  readonly readModel: AuditedReadModel;
  readonly ledger: AuditedLedger;
  readonly deadlines: AuditedDeadlines;
}

/** The copy of the log in JetStream. */
export interface Published {
  /** Sequence of the last message; 0n also where there is no stream. */
  last(): Promise<bigint>;
  /** The messages up to `last`, those that there are. Rejects with `unavailable` when none come for a while. */
  messages(last: bigint): AsyncIterable<PublishedMessage>;
}

/** How far the projection has come: a position, and the id of the event there where it is known. */
export interface ProjectionPlace {
  readonly position: bigint;
  readonly eventId: string;
}

export interface AuditedReadModel {
  /** Rejects with `unavailable` where there is none. */
  checkpoint(ctx: Context): Promise<bigint>;
  /** The same with its event; undefined where there is none. */
  place(ctx: Context): Promise<ProjectionPlace | undefined>;
  row(ctx: Context, orderId: string): Promise<OrderRow | undefined>;
  /** All rows, by order id. */
  rows(ctx: Context): AsyncIterable<OrderRow>;
  /** All that was recorded as unreadable, by position. */
  failures(ctx: Context): AsyncIterable<ProjectionFailure>;
}

export interface AuditedLedger {
  line(ctx: Context, orderId: string): Promise<AuditedLine | undefined>;
  /** All lines, by order id. */
  lines(ctx: Context): AsyncIterable<AuditedLine>;
}

/** A row among the coordinator's deadlines. */
export interface StoredDeadline {
  readonly orderId: string;
  readonly kind: string;
  readonly dueAt: Date;
  /** Of the event that its worker is to be given first; 0n: it counts from its time alone. */
  readonly position: bigint;
  /** Null in a row of an older release. */
  readonly ceilingAt: Date | null;
  /** Id of the event that began the waiting. */
  readonly causedBy: string;
  /** Firings that failed so far. */
  readonly attempts: number;
}

export interface AuditedDeadlines {
  /** Those of one order. */
  of(ctx: Context, orderId: string): Promise<readonly StoredDeadline[]>;
  /** All, by order id. */
  rows(ctx: Context): AsyncIterable<StoredDeadline>;
}
