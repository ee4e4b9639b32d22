/** What the log says about one order, folded event by event in little memory. */
import { createHash } from 'node:crypto';
import {
  foldRow,
  type OrderRow,
  passRow,
} from '../../services/querymodelworker/table/order-row.ts';
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
  /** Until an unanswered void is requested again; each time twice as long. */
  readonly voidMs: number;
  /** The order is given up after this, however long its queue is. */
  readonly ceilingMs: number;
  /** After the deadline: how long its action may take. */
  readonly graceMs: number;
}

export interface OrderTrail {
  /** Of the aggregate's last event. */
  version: bigint;
  /**
   * The row that the read model should have, its items as {@link digested}; undefined if
   * this is no order.
   */
  row: OrderRow | undefined;
  /** Debits in the log. */
  debits: number;
  /** Of the first debit; empty without one. */
  paymentId: string;
  /** Ids of the events that requested a void; almost always one. */
  readonly voidCauses: string[];
  /** Since when it has its current state, in milliseconds since the epoch. */
  since: number;
  /** Since when it has its current status; deadlines count from here. */
  statusSince: number;
  /** Id of the event that gave it its status, while the order is open; else empty. */
  statusCause: string;
  /** Position of the last event that the coordinator follows; 0n: none. */
  followed: bigint;
  /** Whether the read model, or the ledger, has it. */
  shown: boolean;
  booked: boolean;
}

/** Before the first event. */
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
 * What one event shows to be wrong with the log or with its money; `waits`: all books agree,
 * but a person must look at it.
 */
export type Wrong = (book: 'log' | 'money', message: string, waits?: 'waits') => void;

/**
 * Folds `event` into `trail` and reports what is wrong with it. Unreadable events, and those
 * of other aggregate types, only advance the version.
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
    // The void's key derives from the first event that requests it, which may be this one.
    if (event.eventType === eventTypes.voidrequested) trail.voidCauses.push(event.eventId);
    const what = `${event.eventType}, version ${event.version} at position ${event.position}`;
    const message = `${name}: its ${what}, cannot be read; over HTTP the order answers 500`;
    // In other cases everything skips the event and continues with the order.
    wrong('log', message, event.eventType === eventTypes.created ? undefined : 'waits');
    return 'unreadable';
  }
  const before = trail.row;
  if (change === undefined) {
    if (before !== undefined) trail.row = passRow(before, event);
    return 'unknown';
  }
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
 * `row` with a digest of its items, so that long ones need no memory. The digest is a JSON
 * list, because folding reads and writes a list.
 */
export function digested(row: OrderRow): OrderRow {
  return {
    ...row,
    items: JSON.stringify([createHash('sha256').update(row.items).digest('base64')]),
  };
}

/** What the order has waited for too long at `now`; undefined if all is well. */
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

/** It has ended, and no money has to move any more. */
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

/** The same rule as the coordinator's. */
export const timesOf = ({ paymentMs, reviewMs, voidMs, ceilingMs }: Patience): DeadlineTimes => ({
  payment: paymentMs,
  review: reviewMs,
  void: voidMs,
  ceiling: ceilingMs,
});
