/** One order as the console shows it, from its events. Pure. */
import type { Letter, OrderDetail, Story } from '../../../shared/contracts/console.ts';
import type { OrderEventCodec } from '../../../shared/contracts/events.ts';
import type { OrderEventsAnswer } from '../../../shared/contracts/http.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../../../shared/contracts/subjects.ts';
import type { ParkedLetter } from '../../../shared/eventstore/dead-letters.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { decimalText } from '../../../shared/money/money.ts';
import { letterAnswer } from '../../../shared/story/letter-answer.ts';
import { standing } from '../../../shared/story/order-history.ts';
import type { Delivered, Waits } from '../../../shared/story/order-waiting.ts';
import { tell } from '../../../shared/story/story.ts';
import { foldedRow, type RowRules } from './console-rows.ts';

/** What a detail needs besides the events. */
export interface DetailRules extends RowRules {
  readonly codec: OrderEventCodec;
  readonly waits: Waits;
  readonly letters: readonly ParkedLetter[];
  /** Absent: unknown. */
  readonly delivered: Delivered | undefined;
  /** Why a consumer may stand still, in words, by its name. */
  readonly troubleOf: (consumer: string) => readonly string[];
  /** Whether the caller sees traces and letters. */
  readonly all: boolean;
}

/** The order `orderId`, of which `events` are all that the caller may see; undefined if none creates it. */
export function detailOf(
  orderId: string,
  events: OrderEventsAnswer['events'],
  rules: DetailRules,
): OrderDetail | undefined {
  const recorded = events.map((event) => recordedOf(orderId, event));
  const [first] = recorded;
  const last = recorded.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const state = standing(recorded, rules.codec);
  const row = foldedRow(
    {
      orderId,
      state,
      version: Number(last.version),
      createdAt: first.createdAt,
      changedAt: last.createdAt,
    },
    rules,
  );
  if (row === undefined || state.details === undefined) return undefined;
  const items = state.details.items.map(({ code, name, unitPrice, quantity }) => ({
    code,
    name,
    unit_price: decimalText(unitPrice, rules.decimals),
    quantity,
  }));
  return { order: { ...row, items }, story: storyOf(recorded, rules), events };
}

function storyOf(recorded: readonly RecordedEvent[], rules: DetailRules): Story {
  const { codec, decimals, nowMs, waits, delivered, all } = rules;
  const letters = all ? rules.letters : [];
  // By all of them: an event that was given up waits in no queue.
  const told = tell(recorded, rules.letters, {
    codec,
    decimals,
    now: new Date(nowMs),
    deadlines: waits,
    delivered,
    zipkinUrl: '',
  });
  const { waiting, compensation } = told;
  const trouble = [
    ...letters
      .filter(({ state }) => state === 'parked')
      .map(({ consumer, reason }) => `${consumer} gave up an event of it (${reason})`),
    ...(waiting?.consumers ?? []).flatMap((name) => rules.troubleOf(name)),
  ];
  return {
    steps: told.steps.map(({ created_at, ...step }) => ({ ...step, at: created_at })),
    ...(waiting && {
      waiting: {
        consumers: waiting.consumers,
        for: waiting.for,
        ...(waiting.since !== undefined && { since: waiting.since }),
        ...(waiting.queued && { queued: waiting.queued }),
        ...(waiting.until !== undefined && { until: waiting.until }),
        afterwards: waiting.afterwards,
        ...(trouble.length > 0 && { trouble }),
      },
    }),
    ...(compensation && { compensation }),
    letters: letters.map(shownLetter),
    trace_ids: all ? told.traces.map(({ trace_id }) => trace_id) : [],
  };
}

/** An event as ordersvc shows it, as one of the log. Not every caller sees a payment's id. */
function recordedOf(orderId: string, event: OrderEventsAnswer['events'][number]): RecordedEvent {
  const shown = event.data;
  const data =
    typeof shown === 'object' && shown !== null && /payment(debited|voided)$/.test(event.event_type)
      ? { payment_id: HIDDEN, ...shown }
      : shown;
  return {
    eventId: event.event_id,
    eventType: event.event_type,
    aggregateId: orderId,
    aggregateType: ORDER_AGGREGATE,
    stream: ORDERS_STREAM,
    data: data === null ? '' : JSON.stringify(data),
    metadata: event.metadata,
    version: BigInt(event.version),
    position: BigInt(event.position),
    createdAt: new Date(event.created_at),
  };
}

const HIDDEN = 'hidden';

/** A dead letter as the page shows it. */
export function shownLetter(letter: ParkedLetter): Letter {
  const { traceparent, ...shown } = letterAnswer(letter);
  const [, traceId] = /^[\da-f]{2}-([\da-f]{32})-/.exec(traceparent) ?? [];
  return { ...shown, ...(traceId !== undefined && { trace_id: traceId }) };
}
