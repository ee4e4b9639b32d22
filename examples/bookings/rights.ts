/** What each program of the bookings may do at the event store. */
import type { GrpcRights } from '../../shared/eventstore/grpc/store-rights.ts';
import { BOOKINGS, types } from './events.ts';
import { durables } from './process.ts';

const consumers = Object.values(durables);

export const rights: Readonly<Record<string, GrpcRights>> = {
  bookingsvc: {
    may: ['read', 'settle currency', 'append'],
    appends: [types.held],
    aggregates: [BOOKINGS.aggregateType],
    consumers: [],
    derives: [],
  },
  frontdesk: {
    may: ['read', 'settle currency', 'append', 'keep places', 'consume'],
    appends: [types.paid, types.confirmed, types.released],
    aggregates: [BOOKINGS.aggregateType],
    consumers,
    derives: [
      { handler: durables.cashier, of: 'cause', purposes: ['answer'] },
      // By the number of the hold.
      {
        handler: durables.frontdesk,
        of: 'aggregate',
        purposes: [],
        counted: ['confirm', 'release'],
      },
    ],
  },
};
