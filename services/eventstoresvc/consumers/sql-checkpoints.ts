/** Consumers' checkpoints, kept beside the log so that they survive the broker. */
import type {
  Checkpoint,
  KeptCheckpoint,
  SaveCheckpointRequest,
} from '../../../shared/eventstore/checkpoints.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Sql } from '../../../shared/kit/sql/connections.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';
import { followsAnother } from './follows-another.ts';

/** What is saved of a consumer. */
type SavedCheckpoint = Omit<SaveCheckpointRequest, 'consumer'>;

/** The methods of EventStore that concern checkpoints; documented there. */
export interface Checkpoints {
  save(ctx: Context, consumer: string, checkpoint: SavedCheckpoint): Promise<void>;
  get(ctx: Context, consumer: string): Promise<Checkpoint>;
  list(ctx: Context): Promise<readonly KeptCheckpoint[]>;
  /** Moves every consumer that is beyond `position` back to it, where the log has an event there. */
  goBack(ctx: Context, position: bigint): Promise<void>;
}

/**
 * Positions between anchors. An anchor is an earlier place of a consumer, to continue
 * from when the log has lost the event of its checkpoint. The distance limits how
 * much is delivered again, and keeps anchors to a hundred rows per consumer in a log
 * of a million events.
 */
const ANCHOR_POSITIONS = 10_000n;

interface CheckpointRow {
  readonly consumer: string;
  readonly stream: string;
  readonly position: string;
  readonly event_id: string;
  readonly delivered: string;
  readonly updated_at: Date;
  /** Id of the log's event there, if it is this checkpoint's event. */
  readonly there: string | null;
  readonly holds: boolean;
}

/**
 * Every checkpoint, and whether the log has its event. A checkpoint without an id is trusted.
 * Each event is looked up by itself: few checkpoints are never analysed, and a planner that
 * expects hundreds of them joins by reading the whole log.
 */
const checkpointRows = (sql: Sql, stream: string) => sql`
  select c.consumer, c.stream, c.position, c.event_id, c.delivered, c.updated_at,
         e.event_id as there, c.position = 0 or e.event_id is not null as holds
  from checkpoints c
  left join lateral (
    select events.event_id from events
    where events.stream = ${stream}::text and events.position = c.position
      and (c.event_id = events.event_id or c.event_id = '')
    limit 1
  ) as e on true`;

/** Checkpoints for the log of `stream`. Rejects with `invalid` for a consumer of another stream. */
export function createCheckpoints(database: Database, stream: string): Checkpoints {
  async function kept(ctx: Context, consumer: string): Promise<CheckpointRow | undefined> {
    const [row] = await database.query<CheckpointRow>(
      ctx,
      (sql) => sql<CheckpointRow[]>`
        ${checkpointRows(sql, stream)} where c.consumer = ${consumer}::text`,
    );
    if (row !== undefined && row.stream !== stream) throw followsAnother(consumer, row.stream);
    return row;
  }

  async function idAt(ctx: Context, position: bigint): Promise<string | undefined> {
    if (position === 0n) return '';
    const [row] = await database.query<{ event_id: string }>(
      ctx,
      (sql) => sql`
        select event_id from events
        where stream = ${stream}::text and position = ${String(position)}::int8`,
    );
    return row?.event_id;
  }

  /** The last earlier place of `consumer` that the log still has. */
  async function anchor(ctx: Context, consumer: string, before: string): Promise<Checkpoint> {
    const [row] = await database.query<{ position: string; event_id: string }>(
      ctx,
      (sql) => sql`
        select a.position, a.event_id
        from checkpoint_anchors a
        join events e on e.stream = ${stream}::text and e.position = a.position
                         and e.event_id = a.event_id
        where a.consumer = ${consumer}::text and a.position < ${before}::int8
        order by a.position desc limit 1`,
    );
    const position = BigInt(row?.position ?? 0);
    // Deliveries beyond it were of another log.
    return { position, eventId: row?.event_id ?? '', delivered: position };
  }

  return {
    save: async (ctx, consumer, { position, eventId, delivered, eventTypes = [] }) => {
      const there = await idAt(ctx, position);
      if (there === undefined || (eventId !== '' && eventId !== there)) {
        throw new CodedError(
          'precondition_failed',
          'place_not_in_log',
          `The log has ${there === undefined ? 'no event' : `event ${there}`} at position ${position}, but ${consumer} saw ${eventId ? `event ${eventId}` : 'an event without an id'} there.`,
        );
      }
      const before = await kept(ctx, consumer);
      // An instance that is behind must not undo one that is ahead; checkpoints of
      // another log do not count.
      const further =
        before?.holds && BigInt(before.position) > position
          ? { position: before.position, eventId: before.there ?? '' }
          : { position: String(position), eventId: there };
      const most = delivered > BigInt(further.position) ? String(delivered) : further.position;
      const bucket = String(BigInt(further.position) / ANCHOR_POSITIONS);
      // Overwrite only the row that was read: an instance that was quicker saw as much or more.
      await database.query(
        ctx,
        (sql) => sql`
          with moved as (
            insert into checkpoints (consumer, stream, position, event_id, delivered, event_types)
            values (${consumer}::text, ${stream}::text, ${further.position}::int8, ${further.eventId}::text,
                    ${most}::int8, ${eventTypes.join(' ')}::text)
            on conflict (consumer) do update
            set position = excluded.position, event_id = excluded.event_id,
                delivered = excluded.delivered, event_types = excluded.event_types,
                updated_at = now()
            where checkpoints.stream = excluded.stream
              and checkpoints.position = ${before?.position ?? '-1'}::int8
              and checkpoints.event_id = ${before?.event_id ?? ''}::text
            returning consumer, position, event_id
          )
          insert into checkpoint_anchors (consumer, bucket, position, event_id)
          select consumer, ${bucket}::int8, position, event_id from moved
          where position > 0
          on conflict (consumer, bucket) do update
          set position = excluded.position, event_id = excluded.event_id`,
      );
    },

    get: async (ctx, consumer) => {
      const row = await kept(ctx, consumer);
      if (row === undefined) return { position: 0n, eventId: '', delivered: 0n };
      if (!row.holds) return anchor(ctx, consumer, row.position);
      const position = BigInt(row.position);
      const delivered = BigInt(row.delivered);
      // Checkpoints of older releases have no `delivered`.
      return {
        position,
        eventId: row.there ?? '',
        delivered: delivered > position ? delivered : position,
      };
    },

    goBack: async (ctx, position) => {
      const id = (await idAt(ctx, position)) ?? '';
      await database.query(
        ctx,
        (sql) => sql`
          update checkpoints
          set position = ${String(position)}::int8, event_id = ${id}::text,
              delivered = ${String(position)}::int8, updated_at = now()
          where stream = ${stream}::text and position > ${String(position)}::int8`,
      );
    },

    list: async (ctx) => {
      const rows = await database.query<CheckpointRow>(
        ctx,
        (sql) =>
          sql<
            CheckpointRow[]
          >`${checkpointRows(sql, stream)} where c.stream = ${stream}::text order by c.consumer`,
      );
      return rows.map((row) => ({
        consumer: row.consumer,
        position: BigInt(row.position),
        eventId: row.event_id,
        delivered: BigInt(row.delivered),
        updatedAt: row.updated_at,
        holds: row.holds,
      }));
    },
  };
}
