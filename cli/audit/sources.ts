/** The books as an audit reads them: in pages, in bounded memory, without changes. */
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
  /** Sequence of the last message; 0n if there is no stream. */
  last(): Promise<bigint>;
  /**
   * The existing messages up to `last`. Rejects with `unavailable` if nothing arrives for a
   * while.
   */
  messages(last: bigint): AsyncIterable<PublishedMessage>;
}

/** The projection's place: a position, and the id of the event there if known. */
export interface ProjectionPlace {
  readonly position: bigint;
  readonly eventId: string;
}

export interface AuditedReadModel {
  /** Rejects with `unavailable` if there is none. */
  checkpoint(ctx: Context): Promise<bigint>;
  /** The same with its event; undefined if there is none. */
  place(ctx: Context): Promise<ProjectionPlace | undefined>;
  row(ctx: Context, orderId: string): Promise<OrderRow | undefined>;
  /** All rows, by order id. */
  rows(ctx: Context): AsyncIterable<OrderRow>;
  /** All records of unreadable events, by position. */
  failures(ctx: Context): AsyncIterable<ProjectionFailure>;
}

export interface AuditedLedger {
  line(ctx: Context, orderId: string): Promise<AuditedLine | undefined>;
  /** All lines, by order id. */
  lines(ctx: Context): AsyncIterable<AuditedLine>;
}

/** A row of the coordinator's deadlines. */
export interface StoredDeadline {
  readonly orderId: string;
  readonly kind: string;
  readonly dueAt: Date;
  /** Of the event that its worker must receive first; 0n: it counts only from its time. */
  readonly position: bigint;
  /** Null in a row of an older release. */
  readonly ceilingAt: Date | null;
  /** Id of the event that started the wait. */
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
