/**
 * What each program may do at the event store, by the name in its certificate. The product
 * reads this table, and so do its tests. A program that is not in it may do nothing.
 */
import { EVERY, type GrpcRights } from '../../eventstore/grpc/store-rights.ts';
import { eventTypes as types } from '../events.ts';
import { durables, ORDER_AGGREGATE, READ_MODEL, READ_MODEL_B } from '../subjects.ts';

const service = {
  appends: [],
  aggregates: [ORDER_AGGREGATE],
  consumers: [],
  derives: [],
} as const;

/** Of the services, and of those who look after them. */
export const grpcRights: Readonly<Record<string, GrpcRights>> = {
  ordersvc: {
    ...service,
    may: ['read', 'settle currency', 'append'],
    appends: [types.created, types.approved, types.rejected, types.cancelled],
    derives: [
      {
        handler: 'ordersvc',
        of: 'aggregate',
        purposes: ['created', 'approve', 'reject', 'cancel'],
      },
    ],
  },
  paymentworker: {
    ...service,
    may: ['read', 'settle currency', 'append', 'keep places', 'consume'],
    appends: [types.paymentdebited, types.paymentfailed, types.paymentvoided],
    consumers: [durables.payment],
    derives: [{ handler: durables.payment, of: 'cause', purposes: ['answer'] }],
    joins: 'workers',
  },
  reviewworker: {
    ...service,
    may: ['read', 'settle currency', 'append', 'keep places', 'consume'],
    appends: [types.approved, types.rejected],
    consumers: [durables.review],
    derives: [{ handler: durables.review, of: 'cause', purposes: ['answer'] }],
    joins: 'workers',
  },
  querymodelworker: {
    ...service,
    may: ['read', 'settle currency', 'keep places', 'consume'],
    consumers: [READ_MODEL, READ_MODEL_B],
    joins: 'workers',
  },
  sagacoordinator: {
    ...service,
    may: ['read', 'settle currency', 'append', 'keep places', 'consume'],
    appends: [types.cancelled, types.voidrequested],
    consumers: [durables.saga],
    derives: [
      {
        handler: durables.saga,
        of: 'aggregate',
        purposes: ['deadline:payment', 'deadline:review', 'deadline:void', 'void'],
        counted: ['void'],
      },
    ],
    joins: 'workers',
  },
  // It shows the log, and does with dead letters what its callers may; it appends nothing.
  console: {
    ...service,
    may: ['read', 'settle currency', 'look after'],
    consumers: [EVERY],
  },
  operator: {
    ...service,
    may: ['read', 'keep places', 'look after', 'recover'],
    // Only while the log is being recovered, for orders that are gone.
    appends: [types.voidrequested],
    consumers: [EVERY],
  },
};
