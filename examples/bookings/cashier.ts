import type { AggregateStore } from '../../shared/eventstore/event-store.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';
import type { Happened } from '../../shared/eventstore/worker/handles.ts';
import type { Endpoint } from '../../shared/kit/endpoint.ts';
import { nightsIn, types } from './events.ts';
import type { NightEvent } from './night.ts';
import { durables } from './process.ts';

/** Guests who do not pay in time are called so; there is no money here. */
const NEVER_PAYS = /^late-/;

/**
 * Takes the payment for a hold. Nothing moves outside of the log, so a decision is enough:
 * it stands or it was too late. Real money moves by facts and voids, as orders' does.
 * May be called again: one hold is paid once.
 */
export function cashier(store: AggregateStore): Endpoint<Happened<NightEvent>, unknown> {
  const nights = nightsIn(store);
  return (ctx, { recorded: { aggregateId, eventId: causeId } }) =>
    nights.handle(ctx, {
      aggregateId,
      kind: 'decision',
      command: ({ guestId, holds: hold }, recorded) => {
        const current = recorded.findLast(({ eventType }) => eventType === types.held)?.eventId;
        return current === causeId && !NEVER_PAYS.test(guestId) ? { type: 'pay', hold } : undefined;
      },
      eventId: () => derivedId(durables.cashier, causeId, 'answer'),
    });
}
