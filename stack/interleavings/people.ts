/**
 * People who place, read and decide through the real ordersvc, and compare each answer with
 * the log.
 */
import { isDeepStrictEqual } from 'node:util';
import type { OrderDecisions } from '../../services/ordersvc/order-decisions.ts';
import type { OrderService } from '../../services/ordersvc/service.ts';
import { type OrderView, viewOf } from '../../services/ordersvc/views/order-view.ts';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { orderIdFor } from '../../shared/contracts/order-id.ts';
import { readable } from '../../shared/eventstore/command-handler.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { minor } from '../../shared/money/money.ts';
import type { Faults } from './faults.ts';
import { type Reference, reference } from './reference.ts';

/** What a customer wants, under a key. */
export interface Wish {
  readonly key: string;
  readonly orderId: string;
  readonly restaurantId: string;
  readonly amount: number;
}

export interface People {
  /** Places it, or repeats the request; now and then with other content under the same key. */
  place(wish: Wish): Promise<void>;
  read(wish: Wish): Promise<void>;
  decide(wish: Wish, decision: keyof OrderDecisions): Promise<void>;
}

export interface PeopleOptions {
  readonly service: OrderService;
  /** All events of an order, as the log has them now. */
  readonly historyOf: (orderId: string) => readonly RecordedEvent[];
  /** Whether the order has an unreadable event. */
  readonly spoilt: (orderId: string) => boolean;
  readonly codec: OrderEventCodec;
  readonly wrong: (what: string) => void;
  readonly faults: Faults;
}

const CUSTOMER = 'ada';
/** The prefix of event ids that people append. */
export const FOREIGN = 'foreign-';

export const wishOf = (key: string, restaurantId: string, amount: number): Wish => ({
  key,
  restaurantId,
  amount,
  orderId: orderIdFor(CUSTOMER, key),
});

const outcomes = { cancel: 'Cancelled', approve: 'Approved', reject: 'Rejected' } as const;
const facts = { cancel: 'cancelled', approve: 'approved', reject: 'rejected' } as const;

/** Answers that say nothing of the order. */
const UNKNOWN = ['fault', 'event_store_away', 'order_moving', 'version_conflict'];

export function people(options: PeopleOptions): People {
  const { service, historyOf, spoilt, codec, wrong, faults } = options;
  const { random, tell } = faults;
  const ctx = background('people');
  /** The newest version of each order that a person has seen. */
  const seen = new Map<string, bigint>();

  const eventsOf = (orderId: string) =>
    historyOf(orderId).flatMap((entry) => readable(codec, entry) ?? []);

  /** Resolves with undefined if the answer is a refusal that `refused` accepts. */
  async function ask<T>(
    what: string,
    orderId: string,
    work: () => Promise<T>,
    refused: (code: string) => boolean,
  ): Promise<T | undefined> {
    tell(`people: ${what} ${orderId}`);
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      const { code } = error;
      tell(`  people hear ${code}`);
      if (UNKNOWN.includes(code)) return undefined;
      if (code === 'unreadable_order' && spoilt(orderId)) return undefined;
      if (!refused(code)) wrong(`${orderId}: to ${what} was answered ${code}, which is not so`);
      return undefined;
    }
  }

  /** What was shown is what the log folds to at that version, and not older than what was shown before it was asked. */
  function shown(what: string, orderId: string, view: OrderView, least: bigint): void {
    const { version } = view;
    const upTo = historyOf(orderId).filter((entry) => entry.version <= version);
    const truth = spoilt(orderId) ? undefined : viewOf(codec, upTo);
    const told = { ...view };
    if (truth !== undefined && !sameView(told, truth)) {
      wrong(`${orderId}: ${what} showed ${words(view)}, and the log says ${words(truth)}`);
    }
    if (version < least) wrong(`${orderId}: ${what} showed version ${version} after ${least}`);
    if (version > (seen.get(orderId) ?? 0n)) seen.set(orderId, version);
  }

  return {
    place: async ({ key, orderId, restaurantId, amount }) => {
      const otherWords = random.chance(0.1);
      const restaurant = otherWords ? `${restaurantId}-2` : restaurantId;
      const item = { code: 'P', name: 'Pizza', unitPrice: minor(amount), quantity: 1 };
      const request = {
        customerId: CUSTOMER,
        restaurantId: restaurant,
        items: [item],
        amount: minor(amount),
        idempotencyKey: key,
      };
      const first = () => eventsOf(orderId)[0];
      const isOther = () => {
        const created = first();
        return created?.type === 'created' && created.order.restaurantId !== restaurant;
      };
      const isTaken = () => historyOf(orderId)[0]?.eventId.startsWith(FOREIGN) ?? false;
      const placed = await ask(
        'place',
        orderId,
        () => service.place(ctx, request),
        (code) =>
          (code === 'idempotency_key_reused' && isOther()) ||
          (code === 'foreign_order' && isTaken()),
      );
      if (placed === undefined) return;
      const created = first();
      if (created?.type !== 'created' || !sameDetails(created.order, placed.order)) {
        wrong(`${orderId}: place was answered with another order than the log has`);
      }
      if (isOther()) wrong(`${orderId}: one key was answered as two orders`);
      if (placed.version !== 1n) wrong(`${orderId}: place was answered version ${placed.version}`);
      if ((seen.get(orderId) ?? 0n) < 1n) seen.set(orderId, 1n);
    },

    read: async ({ orderId }) => {
      const least = seen.get(orderId) ?? 0n;
      const there = eventsOf(orderId).some(({ type }) => type === 'created');
      const found = await ask(
        'read',
        orderId,
        () => service.get(ctx, { orderId }),
        (code) => code === 'order_not_found' && !there,
      );
      if (found !== undefined) shown('read', orderId, found.order, found.stale ? 0n : least);
    },

    decide: async ({ orderId }, decision) => {
      const least = seen.get(orderId) ?? 0n;
      const from = eventsOf(orderId).length;
      /** Where the order stood at some time while the question was under way. */
      const stood = (holds: (order: Reference) => boolean) =>
        eventsOf(orderId).some(
          (_, n, all) => n + 1 >= from && holds(reference(all.slice(0, n + 1))),
        );
      const decided = await ask(
        decision,
        orderId,
        () =>
          decision === 'approve'
            ? service.approve(ctx, { orderId })
            : service[decision](ctx, { orderId, reason: 'because' }),
        (code) => {
          if (code === 'order_not_found')
            return !stood(({ status }) => status !== 'None') || from === 0;
          if (code === 'order_not_paid') {
            return decision !== 'cancel' && stood(({ status }) => status === 'Pending');
          }
          if (code === 'payment_voided') return stood(({ payment }) => payment !== 'debited');
          const ends = ['Approved', 'PaymentFailed', 'Rejected', 'Cancelled'];
          const others = ends.filter((status) => status !== outcomes[decision]);
          return code === 'order_ended' && stood(({ status }) => others.includes(status));
        },
      );
      if (decided === undefined) return;
      const { order, changed } = decided;
      shown(decision, orderId, order, least);
      if (order.status !== outcomes[decision] && !spoilt(orderId)) {
        wrong(`${orderId}: ${decision} was answered, and the order is ${order.status}`);
      }
      const own = eventsOf(orderId).some(
        (event) =>
          event.type === facts[decision] &&
          'decidedBy' in event &&
          event.decidedBy === (decision === 'cancel' ? 'customer' : 'restaurant'),
      );
      if (changed && !own) wrong(`${orderId}: ${decision} was answered as done, and is not there`);
    },
  };
}

const words = ({ status, payment, version }: OrderView) => `${status}, ${payment}, v${version}`;

const sameDetails = (one: OrderView['details'], other: OrderView['details']): boolean =>
  isDeepStrictEqual(one, other);

function sameView(one: OrderView, other: OrderView): boolean {
  return (
    words(one) === words(other) &&
    one.reason === other.reason &&
    sameDetails(one.details, other.details)
  );
}
