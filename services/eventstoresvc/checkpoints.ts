/** How far each consumer has come, kept beside the log so that it survives the broker. */
import type { Context } from '../../shared/kit/context.ts';
import type { Database } from '../../shared/kit/database.ts';

export interface Checkpoints {
  save(ctx: Context, consumer: string, position: bigint): Promise<void>;
  get(ctx: Context, consumer: string): Promise<bigint>;
}

export function createCheckpoints(database: Database): Checkpoints {
  return {
    // Never back: of two instances the one that is behind must not undo the other.
    save: async (ctx, consumer, position) => {
      await database.query(
        ctx,
        (sql) => sql`
          insert into checkpoints (consumer, position)
          values (${consumer}::text, ${String(position)}::int8)
          on conflict (consumer) do update
          set position = excluded.position, updated_at = now()
          where checkpoints.position < excluded.position`,
      );
    },
    get: async (ctx, consumer) => {
      const [row] = await database.query<{ position: string }>(
        ctx,
        (sql) => sql`select position from checkpoints where consumer = ${consumer}::text`,
      );
      return BigInt(row?.position ?? 0);
    },
  };
}
