/** What guests ask of the front desk. */

import type { AggregateStore } from '../../shared/eventstore/event-store.ts';
import { newId } from '../../shared/eventstore/ids.ts';
import type { Endpoint } from '../../shared/kit/endpoint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { nightsIn } from './events.ts';
import type { NightRow, NightsView } from './nights-view.ts';

export interface HoldRequest {
  readonly room: string;
  /** ISO 8601 date. */
  readonly date: string;
  readonly guestId: string;
}

export interface BookingService {
  /** Holds a free room for its guest to pay. Rejects with `conflict` (code `room_taken`). */
  readonly hold: Endpoint<HoldRequest, { readonly nightId: string }>;
  /** All rooms that were ever held that night, as far as the view has come. */
  readonly nights: Endpoint<{ readonly date: string }, readonly NightRow[]>;
}

export function bookingService(store: AggregateStore, view: NightsView): BookingService {
  const nights = nightsIn(store);
  return {
    async hold(ctx, { room, date, guestId }) {
      const [nightId, eventId] = [`${room}.${date}`, newId()];
      const { decision } = await nights.handle(ctx, {
        aggregateId: nightId,
        kind: 'decision',
        command: () => ({ type: 'hold', guestId }),
        eventId: () => eventId,
      });
      if (!decision.accepted) throw new CodedError('conflict', decision.code, decision.message);
      return { nightId };
    },
    nights: (ctx, { date }) => view.on(ctx, date),
  };
}
