/** Dead letters, kept beside the log so that they survive the broker. */

import type {
  LetterFilter,
  LetterState,
  ParkedLetter,
} from '../../../shared/eventstore/dead-letters.ts';
import { REPLAY_LEASE_MS, REPLAY_TAKES } from '../../../shared/eventstore/dead-letters.ts';
import type { Context } from '../../../shared/kit/context.ts';
import type { DeadLetter } from '../../../shared/kit/delivery.ts';
import type { Sql } from '../../../shared/kit/sql/connections.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';
import { followsAnother } from './follows-another.ts';

/** The methods of EventStore that concern dead letters, documented there, and a count for operators. */
export interface DeadLetters {
  park(ctx: Context, letter: DeadLetter): Promise<void>;
  list(ctx: Context, filter: LetterFilter, limit: number): Promise<readonly ParkedLetter[]>;
  /** Asks for a letter's replay by its consumer. Undefined if there is no letter, or it is resolved or closed. */
  request(ctx: Context, consumer: string, position: bigint): Promise<ParkedLetter | undefined>;
  take(ctx: Context, consumer: string, limit: number): Promise<readonly ParkedLetter[]>;
  resolve(ctx: Context, consumer: string, position: bigint): Promise<void>;
  /** Undefined if there is no letter, or it is resolved, closed, or being replayed. */
  close(
    ctx: Context,
    consumer: string,
    position: bigint,
    reason: string,
  ): Promise<ParkedLetter | undefined>;
  /** Number of letters that wait for an operator, by consumer; consumers without any are left out. */
  countParked(ctx: Context): Promise<ReadonlyMap<string, number>>;
}

interface DeadLetterRow {
  consumer: string;
  position: string;
  event_id: string;
  reason: string;
  last_error: string;
  deliveries: string;
  traceparent: string;
  parked_at: Date;
  state: LetterState;
  replays: string;
  replay_requested_at: Date | null;
  resolved_at: Date | null;
  closed_at: Date | null;
  close_reason: string;
}

/**
 * The contract has 32 bits for deliveries, and a replay adds one. A letter with more,
 * as an advisory could claim, would break every list that holds it.
 */
const MAX_DELIVERIES = 2 ** 31 - 2;

/** A request expires when every instance that took it has fallen silent. */
const state = (sql: Sql) => sql`
  case
    when closed_at is not null then 'closed'
    when resolved_at is not null then 'resolved'
    when replay_requested_at is not null
         and (replay_takes < ${REPLAY_TAKES}::int8 or replay_leased_until > now())
      then 'requested'
    else 'parked'
  end`;

const columns = (sql: Sql) => sql`
  consumer, position, event_id, reason, last_error, deliveries, traceparent, parked_at,
  ${state(sql)} as state, replays, replay_requested_at, resolved_at, closed_at, close_reason`;

/** Dead letters of the consumers of `stream`. Parking rejects with `invalid` for a consumer of another stream. */
export function createDeadLetters(database: Database, stream: string): DeadLetters {
  return {
    // A repeat does not replace the first letter. A failure during a replay, or after
    // the letter was resolved, does.
    park: async (ctx, letter) => {
      const { consumer, position } = letter;
      const written = await database.query(
        ctx,
        (sql) => sql`
          insert into dead_letters
            (consumer, stream, position, event_id, reason, last_error, deliveries, traceparent)
          values (
            ${consumer}::text, ${stream}::text, ${String(position)}::int8, ${letter.eventId}::text,
            ${letter.reason}::text, ${letter.lastError}::text, ${letter.deliveries}::int8,
            ${letter.traceparent}::text
          )
          on conflict (consumer, position) do update
          set reason = excluded.reason, last_error = excluded.last_error,
              deliveries = excluded.deliveries, traceparent = excluded.traceparent,
              replay_requested_at = null, replay_leased_until = null, replay_takes = 0,
              resolved_at = null
          where dead_letters.stream = excluded.stream and dead_letters.closed_at is null
            and (dead_letters.replay_takes > 0 or dead_letters.resolved_at is not null)
          returning position`,
      );
      if (written.length > 0) return;
      // The first letter stays, unless it is another stream's.
      const [kept] = await database.query<{ stream: string }>(
        ctx,
        (sql) => sql`
          select stream from dead_letters
          where consumer = ${consumer}::text and position = ${String(position)}::int8`,
      );
      if (kept !== undefined && kept.stream !== stream) throw followsAnother(consumer, kept.stream);
    },

    // Only the conditions that apply: each combination has its own index.
    list: async (ctx, { consumer, state: wanted, position, eventIds = [], after }, limit) => {
      const rows = await database.query<DeadLetterRow>(ctx, (sql) => {
        const all = sql``;
        return sql<DeadLetterRow[]>`
          select ${columns(sql)}
          from dead_letters
          where stream = ${stream}::text
            ${consumer === undefined ? all : sql`and consumer = ${consumer}::text`}
            ${position === undefined ? all : sql`and position = ${String(position)}::int8`}
            ${wanted === undefined ? all : sql`and ${state(sql)} = ${wanted}::text`}
            ${eventIds.length === 0 ? all : sql`and event_id = any(${[...eventIds]}::text[])`}
            ${
              after === undefined
                ? all
                : sql`and (position, consumer) > (${String(after.position)}::int8, ${after.consumer}::text)`
            }
          order by position, consumer limit ${limit}::int8`;
      });
      return rows.map(parked);
    },

    // A letter already requested keeps its lease, so asking twice replays it once.
    request: async (ctx, consumer, position) => {
      const [row] = await database.query<DeadLetterRow>(
        ctx,
        (sql) => sql`
          update dead_letters
          set replay_requested_at = case when ${state(sql)} = 'requested'
                                    then replay_requested_at else now() end,
              replay_leased_until = case when ${state(sql)} = 'requested'
                                    then replay_leased_until end,
              replay_takes = case when ${state(sql)} = 'requested' then replay_takes else 0 end
          where consumer = ${consumer}::text and position = ${String(position)}::int8
            and stream = ${stream}::text and resolved_at is null and closed_at is null
          returning ${columns(sql)}`,
      );
      return row && parked(row);
    },

    // The conditions are repeated outside: an instance that waited for a row lock
    // checks them again and skips the rows that the other one took.
    take: async (ctx, consumer, limit) => {
      const rows = await database.query<DeadLetterRow>(ctx, (sql) => {
        const due = sql`
          consumer = ${consumer}::text and stream = ${stream}::text
          and replay_requested_at is not null and closed_at is null
          and replay_takes < ${REPLAY_TAKES}::int8
          and (replay_leased_until is null or replay_leased_until < now())`;
        return sql<DeadLetterRow[]>`
          update dead_letters
          set replay_leased_until = now() + ${REPLAY_LEASE_MS}::int8 * interval '1 millisecond',
              replay_takes = replay_takes + 1, replays = replays + 1
          where position in (
              select position from dead_letters where ${due}
              order by position limit ${limit}::int8
            )
            and ${due}
          returning ${columns(sql)}`;
      });
      return rows.map(parked).sort((a, b) => (a.position < b.position ? -1 : 1));
    },

    resolve: async (ctx, consumer, position) => {
      await database.query(
        ctx,
        (sql) => sql`
          update dead_letters
          set resolved_at = now(), replay_requested_at = null, replay_leased_until = null,
              replay_takes = 0
          where consumer = ${consumer}::text and position = ${String(position)}::int8
            and stream = ${stream}::text and resolved_at is null and closed_at is null`,
      );
    },

    close: async (ctx, consumer, position, reason) => {
      const [row] = await database.query<DeadLetterRow>(
        ctx,
        (sql) => sql`
          update dead_letters
          set closed_at = now(), close_reason = ${reason}::text,
              replay_requested_at = null, replay_leased_until = null, replay_takes = 0
          where consumer = ${consumer}::text and position = ${String(position)}::int8
            and stream = ${stream}::text and resolved_at is null and closed_at is null
            and (replay_leased_until is null or replay_leased_until < now())
          returning ${columns(sql)}`,
      );
      return row && parked(row);
    },

    countParked: async (ctx) => {
      const rows = await database.query<{ consumer: string; letters: string }>(
        ctx,
        (sql) => sql`
          select consumer, count(*) as letters
          from dead_letters
          where stream = ${stream}::text and resolved_at is null and closed_at is null
            and ${state(sql)} = 'parked'
          group by consumer`,
      );
      return new Map(rows.map(({ consumer, letters }) => [consumer, Number(letters)]));
    },
  };
}

function parked(row: DeadLetterRow): ParkedLetter {
  return {
    consumer: row.consumer,
    position: BigInt(row.position),
    eventId: row.event_id,
    reason: row.reason,
    lastError: row.last_error,
    deliveries: Math.min(Number(row.deliveries), MAX_DELIVERIES),
    traceparent: row.traceparent,
    parkedAt: row.parked_at,
    state: row.state,
    replays: Number(row.replays),
    replayRequestedAt: row.replay_requested_at ?? undefined,
    resolvedAt: row.resolved_at ?? undefined,
    closedAt: row.closed_at ?? undefined,
    closeReason: row.close_reason,
  };
}
