/** The read model: a row for each night of a room that was ever held. */
import { join } from 'node:path';
import type { Happened } from '../../shared/eventstore/worker/handles.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import type { Database } from '../../shared/kit/sql/database.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { after, type NightEvent } from './night.ts';

/** Makes the schema of `bookingsdb`; both processes may do it at once. */
export const schema = (url: string, logger: Logger): Component => ({
  name: 'schema',
  start: () => migrate({ url, folder: join(import.meta.dirname, 'migrations'), logger }),
});

export interface NightRow {
  readonly room: string;
  readonly status: string;
  readonly guest_id: string;
}

export type NightsView = ReturnType<typeof sqlNightsView>;

export const sqlNightsView = (database: Database) => ({
  /** Shows what happened. May be called again: a row never goes back. */
  async show(ctx: Context, { event, recorded }: Happened<NightEvent>) {
    const [room, date] = recorded.aggregateId.split('.');
    const guest = 'guestId' in event ? event.guestId : null;
    await database.query(
      ctx,
      (sql) => sql`
        insert into nights (room, night, status, guest_id, version)
        values (${room ?? ''}::text, ${date ?? ''}::text, ${after[event.type]}::text,
                coalesce(${guest}::text, ''), ${`${recorded.version}`}::int8)
        on conflict (night, room) do update
        set status = excluded.status, version = excluded.version,
            guest_id = coalesce(${guest}::text, nights.guest_id)
        where nights.version < excluded.version`,
    );
  },

  on: (ctx: Context, date: string) =>
    database.query<NightRow>(
      ctx,
      (sql) =>
        sql`select room, status, guest_id from nights where night = ${date}::text order by room`,
    ),
});
