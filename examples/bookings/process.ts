/** What happens to a night that is held: paid, it is booked; unpaid, it is free again. Pure. */
import { derivedId } from '../../shared/eventstore/ids.ts';
import type { Process } from '../../shared/process-manager/process.ts';
import { BOOKINGS, codec, types } from './events.ts';
import { type Night, type NightCommand, type NightEvent, night } from './night.ts';

/** The workers of a booking; their durables, checkpoints and the ids of their events are made of these names. */
export const durables = {
  cashier: 'cashier',
  frontdesk: 'frontdesk',
  view: 'nights-view',
} as const;

/** The process, with holds that last `holdMs`. */
export const booking = (holdMs: number): Process<Night, NightCommand, NightEvent, 'hold'> => ({
  aggregateType: BOOKINGS.aggregateType,
  decider: night,
  codec,
  follows: Object.values(types),
  deadlines: {
    hold: {
      waitMs: holdMs,
      ceilingMs: 10 * holdMs,
      answeredBy: { consumer: durables.cashier, eventType: types.held },
    },
  },
  awaited: ({ status }) => (status === 'held' ? ['hold'] : []),
  passed: ({ status }) => (status === 'booked' ? ['hold'] : []),
  react: ({ status, holds: hold }, trigger) => {
    if (trigger.type === 'deadline') return { type: 'release', hold, reason: 'not_paid' };
    return status === 'paid' ? { type: 'confirm', hold } : undefined;
  },
  // A hold waits for its payment, whatever was before it.
  toldBy: ({ eventType }) =>
    eventType === types.held ? { awaited: ['hold'], passed: [] } : undefined,
  eventId: ({ aggregateId, command }) =>
    derivedId(
      durables.frontdesk,
      aggregateId,
      `${command.type}:${'hold' in command ? command.hold : ''}`,
    ),
});
