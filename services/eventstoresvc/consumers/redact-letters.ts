import type { Context } from '../../../shared/kit/context.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';

/**
 * Puts `text` in place of what consumers and people wrote in the dead letters of these
 * events of `stream`; their codes stay, and so does what becomes of them. May be repeated.
 * Resolves with the number of letters.
 */
export async function redactLetters(
  database: Database,
  ctx: Context,
  { stream, eventIds, text }: { stream: string; eventIds: readonly string[]; text: string },
): Promise<number> {
  if (eventIds.length === 0) return 0;
  const letters = await database.query<{ readonly one: number }>(
    ctx,
    (sql) => sql`
      update dead_letters
      set last_error = ${text}::text,
          close_reason = case when close_reason = '' then '' else ${text}::text end
      where stream = ${stream}::text and event_id = any(${[...eventIds]}::text[])
      returning 1 as one`,
  );
  return letters.length;
}
