/** What consumers gave up on, kept beside the log so that it survives the broker. */
import type { DeadLetter, ParkedLetter } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Database } from '../../shared/kit/database.ts';

export interface DeadLetters {
  /** Keeps a letter; of repeats the first is kept. */
  park(ctx: Context, letter: DeadLetter): Promise<void>;
  list(ctx: Context, consumer: string | undefined, limit: number): Promise<readonly ParkedLetter[]>;
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
}

export function createDeadLetters(database: Database): DeadLetters {
  return {
    park: async (ctx, letter) => {
      await database.query(
        ctx,
        (sql) => sql`
          insert into dead_letters
            (consumer, position, event_id, reason, last_error, deliveries, traceparent)
          values (
            ${letter.consumer}::text, ${String(letter.position)}::int8, ${letter.eventId}::text,
            ${letter.reason}::text, ${letter.lastError}::text, ${letter.deliveries}::int8,
            ${letter.traceparent}::text
          )
          on conflict (consumer, position) do nothing`,
      );
    },
    list: async (ctx, consumer, limit) => {
      const rows = await database.query<DeadLetterRow>(
        ctx,
        (sql) => sql`
          select consumer, position, event_id, reason, last_error, deliveries, traceparent,
                 parked_at
          from dead_letters
          where (${consumer ?? null}::text is null or consumer = ${consumer ?? null}::text)
          order by position, consumer limit ${limit}::int8`,
      );
      return rows.map((row) => ({
        consumer: row.consumer,
        position: BigInt(row.position),
        eventId: row.event_id,
        reason: row.reason,
        lastError: row.last_error,
        deliveries: Number(row.deliveries),
        traceparent: row.traceparent,
        parkedAt: row.parked_at,
      }));
    },
  };
}
