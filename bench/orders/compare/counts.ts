/** Messages, transactions and flushes of one system, an order. */
import { type NatsCounts, natsCounts } from '../measure/nats-counts.ts';
import { type PostgresCounts, postgresCounts } from '../measure/postgres-counts.ts';
import type { Arena } from './arena.ts';
import type { System } from './system.ts';

/** For each completed order. */
export interface Counts {
  readonly toNats: number;
  readonly fromNats: number;
  /** Deliveries acknowledged, several by one message perhaps. */
  readonly acknowledged: number;
  /** By database. */
  readonly transactions: Readonly<Record<string, number>>;
  readonly walFlushes: number;
  readonly walBytes: number;
}

export interface CountsLook {
  readonly nats: NatsCounts;
  readonly postgres: ReadonlyMap<string, PostgresCounts>;
  readonly system: System;
}

export async function lookAtCounts(arena: Arena, system: System): Promise<CountsLook> {
  const [nats, postgres] = await Promise.all([
    natsCounts(arena.natsMonitorUrl, system.stream),
    postgresCounts(arena.sql),
  ]);
  return { nats, postgres, system };
}

export function countsBetween(before: CountsLook, after: CountsLook, orders: number): Counts {
  const { databases, connects } = after.system;
  const each = (count: number) => (orders === 0 ? 0 : Math.max(0, count) / orders);
  const ofNats = (read: (look: CountsLook) => number) => each(read(after) - read(before));
  const ofDatabase = (name: string, field: keyof PostgresCounts) =>
    (after.postgres.get(name)?.[field] ?? 0) - (before.postgres.get(name)?.[field] ?? 0);
  const ofAll = (field: keyof PostgresCounts) =>
    each(databases.reduce((sum, name) => sum + ofDatabase(name, field), 0));
  const traffic = (field: 'toServer' | 'fromServer') => (look: CountsLook) =>
    [...look.nats.connections]
      .filter(([name]) => connects(name))
      .reduce((sum, [, one]) => sum + one[field], 0);
  return {
    toNats: ofNats(traffic('toServer')),
    fromNats: ofNats(traffic('fromServer')),
    acknowledged: ofNats(({ nats }) =>
      [...nats.durables.values()].reduce((sum, one) => sum + one.acknowledged, 0),
    ),
    transactions: Object.fromEntries(
      databases.map((name) => [name, each(ofDatabase(name, 'transactions'))]),
    ),
    walFlushes: ofAll('flushes'),
    walBytes: ofAll('walBytes'),
  };
}
