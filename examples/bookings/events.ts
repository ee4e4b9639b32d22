/** The events of a night as they stand in the log `BOOKINGS`. */
import { z } from 'zod';
import { commandHandler } from '../../shared/eventstore/command-handler.ts';
import type { AggregateStore } from '../../shared/eventstore/event-store.ts';
import { entry, eventCodec, typesOf } from '../../shared/eventstore/event-table.ts';
import { type NightEvent, night } from './night.ts';

export const BOOKINGS = { stream: 'BOOKINGS', aggregateType: 'night' } as const;

const guest = entry(z.object({ guest_id: z.string() }), {
  decode: (p) => ({ guestId: p.guest_id }),
  encode: (e) => ({ guest_id: e.guestId }),
});

const table = {
  held: guest,
  paid: guest,
  confirmed: entry(z.object({}), { decode: () => ({}), encode: () => ({}) }),
  released: entry(z.object({ reason: z.string() }), {
    decode: (p) => p,
    encode: ({ reason }) => ({ reason }),
  }),
};

export const types = typesOf<'BOOKINGS', NightEvent>('BOOKINGS', table);
export const codec = eventCodec<NightEvent>({ stream: 'BOOKINGS', aggregate: 'night', table });

/** Everyone who decides about a night goes through here. */
export const nightsIn = (store: AggregateStore) =>
  commandHandler({ ...BOOKINGS, decider: night, codec, store });
