/** What must hold at each commit, at each row that is written, and of each answer of a worker. */
import type { OrderRow } from '../../services/querymodelworker/table/order-row.ts';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { durables } from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import { readable } from '../../shared/eventstore/command-handler.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Delivery } from '../../shared/kit/delivery.ts';
import type { MemoryGateway } from './memory-gateway.ts';
import { reference, whyUnlawful } from './reference.ts';
import { WAIT_MS } from './workers.ts';

export interface StepRules {
  /** Before `event` becomes part of its history. */
  committed(event: RecordedEvent): void;
  rowWritten(row: OrderRow): void;
  answered(worker: string, delivery: Delivery<RecordedEvent>, result: unknown): void;
  paymentIsAnswered(orderId: string): boolean;
  /** To be called when every deadline has been due: nothing may wait any more. */
  nothingWaits(): void;
}

export interface StepRulesOptions {
  readonly codec: OrderEventCodec;
  readonly gateway: MemoryGateway;
  /** By order. */
  readonly histories: ReadonlyMap<string, readonly RecordedEvent[]>;
  readonly now: () => number;
  readonly wrong: (what: string) => void;
}

export function stepRules(options: StepRulesOptions): StepRules {
  const { codec, gateway, histories, now, wrong } = options;
  const historyOf = (orderId: string) => histories.get(orderId) ?? [];
  const eventsOf = (orderId: string) =>
    historyOf(orderId).flatMap((entry) => readable(codec, entry) ?? []);

  /** The log and the gateway agree on the money at every step. */
  function moneyWrong(orderId: string, event: OrderEvent): string | undefined {
    const { debits, kept, refused } = gateway.moved(orderId);
    const [created] = eventsOf(orderId);
    const order = created?.type === 'created' ? created.order : undefined;
    switch (event.type) {
      case 'paymentdebited':
        if (debits === 0) return 'the gateway took nothing';
        return event.amount === order?.amount && event.customerId === order.customerId
          ? undefined
          : 'it names another amount or customer than the order';
      case 'paymentfailed':
        return debits > 0 ? 'the gateway took the money' : undefined;
      case 'paymentvoided':
        if (kept > 0) return 'the gateway has the money';
        if (event.paymentId === '' && debits > 0) return 'it says that there was no debit';
        if (event.paymentId !== '' && debits === 0) return 'it names a debit that was not';
        return debits === 0 && !refused && !eventsOf(orderId).some(isFailure)
          ? 'a debit that comes later would be taken'
          : undefined;
      case 'approved':
        return kept === order?.amount ? undefined : 'the gateway does not have the money';
      default:
        return undefined;
    }
  }

  /** Who reviews an order is its restaurant's choice, and so is what the policy says. */
  function overruled(orderId: string, event: OrderEvent): string | undefined {
    if (event.type !== 'approved' && event.type !== 'rejected') return undefined;
    if (event.decidedBy === 'restaurant') return undefined;
    const [created] = eventsOf(orderId);
    const restaurant = created?.type === 'created' ? created.order.restaurantId : '';
    const policy = { closed: 'rejected', 'by-hand': 'nobody' }[restaurant] ?? 'approved';
    return policy === event.type ? undefined : `${restaurant} did not decide so`;
  }

  /** How long the order has had its last event of such a type, in milliseconds; undefined: it has none. */
  function waited(orderId: string, ...types: OrderEvent['type'][]): number | undefined {
    const since = historyOf(orderId).findLast((entry) => {
      const type = readable(codec, entry)?.type;
      return type !== undefined && types.includes(type);
    });
    return since && now() - since.createdAt.getTime();
  }

  /** The coordinator acts on what has waited for long enough, and on nothing else. */
  function hasty(orderId: string, event: OrderEvent): string | undefined {
    if (event.type === 'voidrequested') {
      const waitedMs = waited(orderId, 'voidrequested') ?? WAIT_MS;
      return waitedMs < WAIT_MS ? `it was asked for ${waitedMs} ms ago` : undefined;
    }
    if (event.type !== 'cancelled' || event.decidedBy !== durables.saga) return undefined;
    const waitsFor = event.reason === 'payment_deadline' ? 'Pending' : 'Paid';
    const { status } = reference(eventsOf(orderId));
    if (status !== waitsFor) return `for its ${event.reason} it must be ${waitsFor}`;
    const waitedMs = waited(orderId, 'created', 'paymentdebited') ?? 0;
    return waitedMs < WAIT_MS ? `it waited for ${waitedMs} ms only` : undefined;
  }

  return {
    committed: (entry) => {
      const event = readable(codec, entry);
      if (event === undefined) return;
      const { aggregateId: orderId } = entry;
      const why =
        whyUnlawful(eventsOf(orderId), event) ??
        moneyWrong(orderId, event) ??
        overruled(orderId, event) ??
        hasty(orderId, event);
      if (why !== undefined) wrong(`${orderId}: ${event.type} was appended, but ${why}`);
    },

    rowWritten: (row) => {
      const upTo = historyOf(row.orderId).filter(({ version }) => version <= row.version);
      const events = upTo.flatMap((entry) => readable(codec, entry) ?? []);
      const { status, payment, reason } = reference(events);
      const last = upTo.at(-1);
      const told = [row.status, row.payment, row.reason, row.position, row.version].join(' ');
      const truth = [status, payment, reason ?? null, last?.position, last?.version].join(' ');
      if (told !== truth) wrong(`${row.orderId}: its row says ${told}, and the log ${truth}`);
      const [created] = events;
      const order = created?.type === 'created' ? created.order : undefined;
      if (row.amountMinor !== BigInt(order?.amount ?? 0) || row.customerId !== order?.customerId) {
        wrong(`${row.orderId}: its row has another amount or customer than the log`);
      }
    },

    answered: (_worker, { body: { aggregateId: orderId } }, result) => {
      const has = (type: OrderEvent['type']) =>
        eventsOf(orderId).some((event) => event.type === type);
      const needed: Readonly<Record<string, readonly OrderEvent['type'][]>> = {
        debited: ['paymentdebited'],
        declined: ['paymentfailed'],
        voided: ['paymentvoided'],
        'nothing to void': ['paymentvoided'],
        'answered before': ['paymentdebited', 'paymentfailed', 'paymentvoided'],
        'void requested': ['voidrequested'],
        'void requested again': ['voidrequested'],
        approved: ['approved'],
        rejected: ['rejected'],
        cancelled: ['cancelled'],
        'decided before': ['approved', 'rejected', 'cancelled'],
      };
      const outcome =
        typeof result === 'string' ? result : (result as { outcome?: string })?.outcome;
      const any = needed[outcome ?? ''];
      if (any !== undefined && !any.some(has)) {
        wrong(`${orderId}: a worker says ${outcome}, and the log has no ${any.join(' or ')}`);
      }
    },

    nothingWaits: () => {
      for (const orderId of histories.keys()) {
        const { status } = reference(eventsOf(orderId));
        if (status === 'Pending' || status === 'Paid') {
          wrong(`${orderId} is ${status} long after its deadline`);
        }
      }
    },

    paymentIsAnswered: (orderId) =>
      eventsOf(orderId).some(({ type }) => type === 'paymentdebited' || isFailure({ type })),
  };
}

const isFailure = ({ type }: Pick<OrderEvent, 'type'>): boolean => type === 'paymentfailed';
