/**
 * A small process for the specs of the frame: a hotel holds a room until it is confirmed
 * or the hold expires; a guest who paid for an expired hold gets the money back, and the
 * worker that pays back is asked again until it has.
 */
import type { Decider } from '../eventstore/decider.ts';
import type { RecordedEvent } from '../eventstore/event-store.ts';
import { CodedError } from '../kit/errors.ts';
import type { Process } from '../process-manager/process.ts';
import { anEvent } from './an-event.ts';

export type HoldEvent =
  | { readonly type: 'requested' | 'held' | 'confirmed' | 'expired' }
  | { readonly type: 'paid' | 'refundrequested' | 'refunded' };

export type HoldCommand = { readonly type: 'expire' } | { readonly type: 'refund' };

export type HoldKind = 'answer' | 'hold' | 'refund';

export interface Hold {
  readonly status: 'None' | 'Requested' | 'Held' | 'Confirmed' | 'Expired';
  readonly money: 'none' | 'paid' | 'refunding' | 'refunded';
}

const statuses = {
  requested: 'Requested',
  held: 'Held',
  confirmed: 'Confirmed',
  expired: 'Expired',
} as const;
const moneys = { paid: 'paid', refundrequested: 'refunding', refunded: 'refunded' } as const;

const decider: Decider<Hold, HoldCommand, HoldEvent> = {
  initialState: { status: 'None', money: 'none' },
  decide: ({ type }, { status }) => {
    if (type === 'refund') return { accepted: true, events: [{ type: 'refundrequested' }] };
    return status === 'Held' || status === 'Requested'
      ? { accepted: true, events: [{ type: 'expired' }] }
      : { accepted: false, code: 'not_held', message: 'Nothing is held.' };
  },
  evolve: (state, { type }) =>
    type in statuses
      ? { ...state, status: statuses[type as keyof typeof statuses] }
      : { ...state, money: moneys[type as keyof typeof moneys] },
};

export const holdProcess: Process<Hold, HoldCommand, HoldEvent, HoldKind> = {
  aggregateType: 'booking',
  decider,
  codec: {
    encode: ({ type }) => ({ eventType: `BOOKINGS.${type}`, data: '' }),
    decode: ({ eventType, data }) => {
      const type = eventType.slice('BOOKINGS.'.length);
      if (!(type in statuses) && !(type in moneys)) return undefined;
      if (data !== '') throw new CodedError('invalid', 'unreadable_event', 'It is spoilt.');
      return { type } as HoldEvent;
    },
  },
  follows: [...Object.keys(statuses), ...Object.keys(moneys)].map((type) => `BOOKINGS.${type}`),
  deadlines: {
    // The hotel's worker answers a request within a minute of getting it.
    answer: {
      waitMs: 60_000,
      ceilingMs: 3_600_000,
      answeredBy: { consumer: 'hotel', eventType: 'BOOKINGS.requested' },
    },
    // No worker ends a hold: it lasts until its deadline.
    hold: { waitMs: 600_000, ceilingMs: 3_600_000 },
    refund: {
      waitMs: 1_000,
      ceilingMs: 10_000,
      answeredBy: { consumer: 'bank', eventType: 'BOOKINGS.refundrequested', againUpToMs: 5_000 },
    },
  },
  awaited: ({ status, money }) => [
    ...(status === 'Requested' ? (['answer'] as const) : []),
    ...(status === 'Held' ? (['hold'] as const) : []),
    ...(money === 'refunding' ? (['refund'] as const) : []),
  ],
  passed: ({ status, money }) => [
    ...(status === 'Held' ? (['answer'] as const) : []),
    ...(status === 'Confirmed' || status === 'Expired' ? (['answer', 'hold'] as const) : []),
    ...(money === 'refunded' ? (['refund'] as const) : []),
  ],
  react: ({ status, money }, trigger) => {
    if (trigger.type === 'event') {
      return status === 'Expired' && money === 'paid' ? { type: 'refund' } : undefined;
    }
    return trigger.kind === 'refund' ? { type: 'refund' } : { type: 'expire' };
  },
  eventId: ({ aggregateId, command, asked }) =>
    `${aggregateId} ${command.type} ${(asked.refund ?? 0) + 1}`,
};

/** What happened to one booking: types of events, or events that differ from the usual in something. */
export type HoldHistory = (HoldEvent['type'] | Partial<RecordedEvent>)[];

/** The events of one booking as they stand in the log, a second apart. */
export function holdEvents(...events: HoldHistory): readonly RecordedEvent[] {
  return events.map((event, index) => ({
    ...anEvent({ aggregateId: 'booking-1', aggregateType: 'booking' }),
    ...(typeof event === 'string' ? holdProcess.codec.encode({ type: event }) : event),
    eventId: `event-${index + 1}`,
    stream: 'BOOKINGS',
    version: BigInt(index + 1),
    position: BigInt(index + 101),
    createdAt: new Date(index * 1_000),
  }));
}
