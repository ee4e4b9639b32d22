/** What the log says of one order, folded event by event and kept small. */
import { createHash } from 'node:crypto';
import { foldRow, type OrderRow } from '../../services/querymodelworker/table/order-row.ts';
import { followedTypes } from '../../services/sagacoordinator/saga/followed-types.ts';
import type { DeadlineTimes } from '../../services/sagacoordinator/saga/order-deadlines.ts';
import { eventTypes, type OrderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE } from '../../shared/contracts/subjects.ts';
import { isOpen, needsVoid, type OrderEvent } from '../../shared/domain/order.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { isKind } from '../../shared/kit/errors.ts';

/** How long an order may wait, in milliseconds. */
export interface Patience {
  readonly paymentMs: number;
  readonly reviewMs: number;
  /** Until a void that is not answered is asked for again; each time twice as long. */
  readonly voidMs: number;
  /** However long the queue is that it waits in, it is given up after this. */
  readonly ceilingMs: number;
  /** Beyond the deadline: so long may it take until what came due is done. */
  readonly graceMs: number;
}

export interface OrderTrail {
  /** Of the aggregate's last event. */
  version: bigint;
  /**
   * The row that the read model should have, its items as {@link digested};
   * undefined for what is no order.
   */
  row: OrderRow | undefined;
  /** Debits that the log tells of. */
  debits: number;
  /** Of the first debit; empty where the log tells of none. */
  paymentId: string;
  /** Ids of the events that asked for a void; almost always one. */
  readonly voidCauses: string[];
  /** Since when it has its current state, in milliseconds since the epoch. */
  since: number;
  /** When its status became what it is, which deadlines are counted from. */
  statusSince: number;
  /** Id of the event that its status is of, while the order is open; else empty. */
  statusCause: string;
  /** Position of the last event that the coordinator follows; 0n: none. */
  followed: bigint;
  /** Whether the read model, or the ledger, was seen to have it. */
  shown: boolean;
  booked: boolean;
}

/** Where nothing is known yet. */
export const newTrail = (): OrderTrail => ({
  version: 0n,
  row: undefined,
  debits: 0,
  paymentId: '',
  voidCauses: [],
  since: 0,
  statusSince: 0,
  statusCause: '',
  followed: 0n,
  shown: false,
  booked: false,
});

/**
 * What is wrong with the log, or with the money that it tells of, as one event shows
 * it; `waits`: everybody agrees about it, but a person has to look.
 */
export type Wrong = (book: 'log' | 'money', message: string, waits?: 'waits') => void;

/**
 * Folds `event` into `trail` and tells what is wrong with it. Events that cannot
 * be read, and other aggregates' events, move the version only.
 */
export function follow(
  trail: OrderTrail,
  event: RecordedEvent,
  codec: OrderEventCodec,
  wrong: Wrong,
): 'read' | 'unreadable' | 'unknown' {
  const name = `${event.aggregateType} ${event.aggregateId}`;
  if (event.version !== trail.version + 1n) {
    wrong('log', `${name}: version ${event.version} follows version ${trail.version}`);
  }
  trail.version = event.version;
  if (event.aggregateType !== ORDER_AGGREGATE) return 'unknown';
  if (followedTypes.includes(event.eventType)) trail.followed = event.position;
  let change: OrderEvent | undefined;
  try {
    change = codec.decode(event);
  } catch (error) {
    if (!isKind(error, 'invalid')) throw error;
    // The void's key is of the first event that asks for it, and that may be this one.
    if (event.eventType === eventTypes.voidrequested) trail.voidCauses.push(event.eventId);
    const what = `${event.eventType}, version ${event.version} at position ${event.position}`;
    const message = `${name}: its ${what}, cannot be read; over HTTP the order answers 500`;
    // Of any other everybody passes over the event and goes on with the order.
    wrong('log', message, event.eventType === eventTypes.created ? undefined : 'waits');
    return 'unreadable';
  }
  if (change === undefined) return 'unknown';
  const before = trail.row;
  checkMoney(change, trail, (message) => wrong('money', `${name}: ${message}`));
  if (change.type === 'voidrequested') trail.voidCauses.push(event.eventId);
  const folded = foldRow(before, event, change);
  // Folding keeps the digested items of a known order, and creates those of a new one.
  trail.row = folded.items === before?.items ? folded : digested(folded);
  const at = event.createdAt.getTime();
  if (before?.status !== folded.status) {
    trail.statusSince = at;
    trail.statusCause = isOpen(folded) ? event.eventId : '';
  }
  if (before?.status !== folded.status || before.payment !== folded.payment) trail.since = at;
  return 'read';
}

/**
 * `row` with its items as a digest, so that long ones need no memory. It stays
 * JSON of a list, for folding reads it as one and writes it back the same.
 */
export function digested(row: OrderRow): OrderRow {
  return {
    ...row,
    items: JSON.stringify([createHash('sha256').update(row.items).digest('base64')]),
  };
}

/** What the order waits for beyond its time at `now`; undefined where all is well. */
export function overdue(trail: OrderTrail, now: number, patience: Patience): string | undefined {
  if (trail.row === undefined || trail.row.status === 'None') return undefined;
  const { status, payment } = trail.row;
  const beyond = (ms: number) => now > trail.since + ms + patience.graceMs;
  if (status === 'Pending') return beyond(patience.paymentMs) ? 'its payment' : undefined;
  if (status === 'Paid') return beyond(patience.reviewMs) ? 'its review' : undefined;
  if (needsVoid(trail.row)) return beyond(0) ? 'its void to be requested' : undefined;
  if (payment !== 'void_requested') return undefined;
  return beyond(0) ? 'its refund' : undefined;
}

/** It has ended, and no money is to be moved any more. */
export const isSettled = ({ status, payment }: OrderRow): boolean =>
  !isOpen({ status }) && payment !== 'void_requested' && !needsVoid({ status, payment });

function checkMoney(change: OrderEvent, trail: OrderTrail, wrong: (message: string) => void): void {
  if (change.type === 'created' && trail.row?.status !== undefined && trail.row.status !== 'None') {
    return;
  }
  if (change.type === 'created') {
    const { amount, items } = change.order;
    const sum = items.reduce(
      (all, item) => all + BigInt(item.unitPrice) * BigInt(item.quantity),
      0n,
    );
    if (sum !== BigInt(amount)) wrong(`it costs ${amount}, its items ${sum} (minor units)`);
  }
  if (change.type !== 'paymentdebited') return;
  if (trail.debits === 0) trail.paymentId = change.paymentId;
  trail.debits++;
  if (trail.debits === 2) wrong('the log tells of more than one debit');
  const costs = trail.row?.amountMinor;
  if (costs !== undefined && trail.row?.status !== 'None' && costs !== BigInt(change.amount)) {
    wrong(`it costs ${costs}, ${change.amount} was debited (minor units)`);
  }
}

/** The same as the coordinator has it. */
export const timesOf = ({ paymentMs, reviewMs, voidMs, ceilingMs }: Patience): DeadlineTimes => ({
  payment: paymentMs,
  review: reviewMs,
  void: voidMs,
  ceiling: ceilingMs,
});
