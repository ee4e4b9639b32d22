/**
 * Copies of a system's orders, as if the same had been ordered again and again before: each
 * copy has its own ids, positions and times, by the rules of the programs that made them. Pure.
 */
import type { CopiedEvent, CopiedPlace } from '../../services/eventstoresvc/recovery/log-copy.ts';
import type { CopiedLine } from '../../services/paymentworker/gateway/ledger-copy.ts';
import { debitKey, voidKey } from '../../services/paymentworker/keys.ts';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { grpcRights } from '../../shared/contracts/rights/grpc.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import { EVERY } from '../../shared/eventstore/grpc/store-rights.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';
import { earlier, timeIn } from './timed-ids.ts';

/** The content of the backup of a small system in which every order has ended. */
export interface Original {
  readonly events: readonly CopiedEvent[];
  /** By order id. */
  readonly lines: readonly CopiedLine[];
  readonly places: readonly CopiedPlace[];
}

/** One copy of an original. */
export interface Copy {
  readonly events: readonly CopiedEvent[];
  /** By order id; all come before those of the next copy. */
  readonly lines: readonly CopiedLine[];
  readonly places: readonly CopiedPlace[];
}

/** Between the last event of a copy and the first of the next. */
const PAUSE_MS = 60_000;

/** An event, with what its copies are made of. */
interface Prepared {
  readonly event: CopiedEvent;
  readonly change: OrderEvent;
  /** Index of the event that it answers. */
  readonly cause: number | undefined;
  readonly newId: (aggregateId: string, causeId: string | undefined) => string;
}

/**
 * Makes copy n of `of` copies, 0 to `of` − 1; the last one has the times of the original.
 * Throws for an event or a line whose ids no program of the product derives.
 */
export function copier(
  { events, lines, places }: Original,
  of: number,
  codec: OrderEventCodec,
): (n: number) => Copy {
  const indexOf = new Map(events.map(({ eventId }, index) => [eventId, index]));
  const prepared = events.map((event) => prepare(event, indexOf, codec));
  const voids = new Map(events.map(({ eventId }, index) => [voidKey(eventId), index]));
  for (const line of lines) {
    const known = line.kind === 'debit' ? debitKey(line.orderId) : line.voidKey;
    if (line.idempotencyKey !== known) throw underived(`line ${line.orderId}`);
  }
  const stepMs = spanOf(events) + PAUSE_MS;

  return (n) => {
    const byMs = (of - 1 - n) * stepMs;
    const firstPosition = n * events.length;
    const ids: string[] = [];
    const copied = prepared.map(({ event, change, cause, newId }, index) => {
      const aggregateId = earlier(event.aggregateId, byMs);
      const causeId = cause === undefined ? undefined : ids[cause];
      const eventId = newId(aggregateId, causeId);
      ids.push(eventId);
      return {
        ...event,
        position: String(firstPosition + index + 1),
        eventId,
        aggregateId,
        data: codec.encode(moved(change, byMs)).data,
        metadata: causeId === undefined ? event.metadata : withCause(event, causeId),
        createdMicros: microsBefore(event.createdMicros, byMs),
      };
    });
    const voidKeyOf = (line: CopiedLine) => {
      if (line.voidKey === null) return null;
      const cause = ids[voids.get(line.voidKey) ?? -1];
      if (cause === undefined) throw underived(`line ${line.orderId}`);
      return voidKey(cause);
    };
    return {
      events: copied,
      lines: lines.map((line) => {
        const orderId = earlier(line.orderId, byMs);
        const newVoid = voidKeyOf(line);
        return {
          ...line,
          idempotencyKey: line.kind === 'debit' ? debitKey(orderId) : (newVoid ?? ''),
          orderId,
          paymentId: line.paymentId === '' ? '' : earlier(line.paymentId, byMs),
          createdMicros: microsBefore(line.createdMicros, byMs),
          voidKey: newVoid,
          voidedMicros: line.voidedMicros === null ? null : microsBefore(line.voidedMicros, byMs),
        };
      }),
      places: places.map(({ consumer, position }) => ({
        consumer,
        position: String(firstPosition + Number(position)),
        eventId: ids[Number(position) - 1] ?? '',
      })),
    };
  };
}

function prepare(
  event: CopiedEvent,
  indexOf: ReadonlyMap<string, number>,
  codec: OrderEventCodec,
): Prepared {
  const change = codec.decode(event);
  const { causation_id: causation } = JSON.parse(event.metadata) as { causation_id?: string };
  const purpose = derivations.find(
    ({ handler, of, purpose }) =>
      derivedId(handler, (of === 'aggregate' ? event.aggregateId : causation) ?? '', purpose) ===
      event.eventId,
  );
  if (change === undefined || purpose === undefined) throw underived(`event ${event.eventId}`);
  const cause = causation === undefined ? undefined : indexOf.get(causation);
  if (causation !== undefined && cause === undefined) throw underived(`event ${event.eventId}`);
  return {
    event,
    change,
    cause,
    newId: (aggregateId, causeId) =>
      derivedId(
        purpose.handler,
        (purpose.of === 'aggregate' ? aggregateId : causeId) ?? '',
        purpose.purpose,
      ),
  };
}

/** How often a void is asked for in a small system, at most. */
const MOST_COUNTED = 20;

/** Of all programs that append. */
const derivations = Object.values(grpcRights).flatMap(({ derives }) =>
  derives === EVERY
    ? []
    : derives.flatMap(({ handler, of, purposes, counted = [] }) =>
        [
          ...purposes,
          ...counted.flatMap((one) =>
            Array.from({ length: MOST_COUNTED }, (_, n) => `${one}:${n}`),
          ),
        ].map((purpose) => ({ handler, of, purpose })),
      ),
);

/** Replaced in the text, because the database has a form of its own for JSON. */
function withCause({ metadata }: CopiedEvent, causeId: string): string {
  const { causation_id: causation = '' } = JSON.parse(metadata) as { causation_id?: string };
  return metadata.replace(`"${causation}"`, `"${causeId}"`);
}

/** The same change to the order of that copy. */
function moved(change: OrderEvent, byMs: number): OrderEvent {
  switch (change.type) {
    case 'created': {
      const { order } = change;
      const createdOn = new Date(Date.parse(order.createdOn) - byMs).toISOString();
      return { ...change, order: { ...order, orderId: earlier(order.orderId, byMs), createdOn } };
    }
    case 'paymentdebited':
    case 'paymentvoided': {
      const paymentId = change.paymentId === '' ? '' : earlier(change.paymentId, byMs);
      return { ...change, orderId: earlier(change.orderId, byMs), paymentId };
    }
    default:
      return { ...change, orderId: earlier(change.orderId, byMs) };
  }
}

/** From the first time that an event or its order's id has to the last one, in milliseconds. */
function spanOf(events: readonly CopiedEvent[]): number {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { aggregateId, createdMicros } of events) {
    for (const at of [timeIn(aggregateId), Number(createdMicros) / 1_000]) {
      first = Math.min(first, at);
      last = Math.max(last, at);
    }
  }
  return events.length === 0 ? 0 : Math.ceil(last - first);
}

const microsBefore = (micros: string, byMs: number): string =>
  String(BigInt(micros) - BigInt(byMs) * 1_000n);

const underived = (what: string) =>
  new Error(`No rule of the product tells the ids of a copy of ${what}.`);
