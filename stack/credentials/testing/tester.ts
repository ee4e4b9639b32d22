import { EVERY, type GrpcRights, workOf } from '../../../shared/eventstore/grpc/store-rights.ts';

/** A program that may do everything at the event store, in stacks that a test starts. */
export const TESTER = 'tester';

export const testerRights: Readonly<Record<string, GrpcRights>> = {
  [TESTER]: {
    may: [...new Set(Object.values(workOf))],
    appends: [EVERY],
    aggregates: [EVERY],
    consumers: [EVERY],
    derives: EVERY,
    payloads: 'unchecked',
  },
};
