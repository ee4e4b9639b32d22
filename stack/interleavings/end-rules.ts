/** What must hold when nothing moves any more. */
import type { OrderRow } from '../../services/querymodelworker/table/order-row.ts';
import type { ProjectionFailure } from '../../services/querymodelworker/table/projection-failure.ts';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { orderDecider } from '../../shared/domain/order.ts';
import { foldRecorded, readable } from '../../shared/eventstore/command-handler.ts';
import type { ParkedLetter } from '../../shared/eventstore/dead-letters.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { MemoryGateway } from './memory-gateway.ts';
import { reference } from './reference.ts';
import { MAX_DELIVER } from './worker-queue.ts';

/** How an order of the world came out. */
export interface Ending {
  readonly orderId: string;
  readonly amount: number;
  readonly history: readonly RecordedEvent[];
  readonly money: ReturnType<MemoryGateway['moved']>;
  readonly row: OrderRow | undefined;
}

export interface Lived {
  readonly seed: number;
  readonly endings: readonly Ending[];
  /** The violations, at each step and at the end; empty if there are none. */
  readonly wrongs: readonly string[];
  /** What happened, for a person who looks for the bug. */
  readonly story: readonly string[];
}

/** The rest of a world besides its orders. */
export interface Left {
  readonly deadlines: number;
  readonly letters: readonly ParkedLetter[];
  readonly failures: readonly ProjectionFailure[];
}

export function endWrongs(
  codec: OrderEventCodec,
  endings: readonly Ending[],
  left: Left,
): string[] {
  const found: string[] = [];
  const check = (holds: boolean, what: string) => holds || found.push(what);
  const unreadable = new Set<string>();
  for (const { orderId, amount, history, money, row } of endings) {
    const events = history.flatMap((entry) => readable(codec, entry) ?? []);
    for (const entry of history) if (isSpoilt(codec, entry)) unreadable.add(entry.eventId);
    // A foreign writer took its id, and nobody placed it.
    if (!events.some(({ type }) => type === 'created')) continue;
    const { status, payment, reason } = reference(events);
    const folded = foldRecorded(orderDecider, codec, history);
    check(
      folded.status === status && folded.payment === payment && folded.reason === reason,
      `${orderId} folds to ${folded.status}, ${folded.payment}; its history says ${status}, ${payment}`,
    );
    const ended = ['Approved', 'PaymentFailed', 'Rejected', 'Cancelled'].includes(status);
    check(ended, `${orderId} is ${status}: it never ends`);
    check(money.debits <= 1, `${orderId} was debited ${money.debits} times`);
    check(money.voids <= 1, `${orderId} was voided ${money.voids} times`);
    const due = status === 'Approved' ? amount : 0;
    check(money.kept === due, `${orderId} is ${status}, and ${money.kept} of ${due} is kept`);
    const given = status === 'Approved' || payment === 'voided' || payment === 'failed';
    check(given, `${orderId} is ${status}, payment ${payment}: its money is not settled`);
    check(
      row?.status === status && row.payment === payment && row.reason === (reason ?? null),
      `${orderId} is ${status}, ${payment}, and its row says ${row?.status}, ${row?.payment}`,
    );
  }
  check(left.deadlines === 0, `${left.deadlines} deadlines are left`);
  for (const { consumer, position, state, eventId, reason, deliveries } of left.letters) {
    const early = reason === 'fault' && deliveries < MAX_DELIVER;
    check(!early, `${consumer} gave up ${position} after ${deliveries} deliveries`);
    if (state === 'resolved' || unreadable.has(eventId)) continue;
    found.push(`the letter of ${consumer} at ${position} (${reason}) is ${state}`);
  }
  check(
    left.failures.length === unreadable.size,
    `${unreadable.size} events cannot be read, and ${left.failures.length} are recorded`,
  );
  return found;
}

/** Of a type that is known, with a payload that is not. */
function isSpoilt(codec: OrderEventCodec, entry: RecordedEvent): boolean {
  return readable(codec, entry) === undefined && !entry.eventType.endsWith('.soldout');
}
