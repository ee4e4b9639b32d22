/**
 * What happened to an order, what it waits for and what happens then, from its events alone.
 * Pure. Field names are those of `--json`.
 */
import type { OrderEventCodec } from '../contracts/events.ts';
import { initialState, type OrderEvent, type OrderState } from '../domain/order.ts';
import type { ParkedLetter } from '../eventstore/dead-letters.ts';
import type { RecordedEvent } from '../eventstore/event-store.ts';
import { majorUnits } from '../money/money.ts';
import { type Compensation, compensation } from './compensation.ts';
import { happened, who } from './happenings.ts';
import { type LetterAnswer, letterAnswer } from './letter-answer.ts';
import { after, readEvent } from './order-history.ts';
import { type Delivered, type Waiting, type Waits, waiting } from './order-waiting.ts';

/** An order's story. */
export interface Story {
  readonly order_id: string;
  readonly status: string;
  readonly payment_status: string;
  readonly reason?: string;
  readonly steps: readonly Step[];
  readonly dead_letters: readonly LetterAnswer[];
  /** How its payment is settled; absent if there is nothing to settle. */
  readonly compensation?: Compensation;
  /** Absent: it waits for nothing. */
  readonly waiting?: Waiting;
  /** The first is that of the submission; later ones belong to people's commands and replays. */
  readonly traces: readonly { readonly trace_id: string; readonly url: string }[];
}

/** One event. */
export interface Step {
  readonly event_type: string;
  readonly version: number;
  readonly position: number;
  readonly created_at: string;
  /** Since the event before. */
  readonly after_ms: number;
  readonly by: string;
  /** What it did, in words. */
  readonly what: string;
}

/** What a story needs besides the events. */
export interface Setting {
  readonly codec: OrderEventCodec;
  /** Of the currency. */
  readonly decimals: number;
  readonly now: Date;
  /** How long orders may wait, by the settings of this command. */
  readonly deadlines: Waits;
  /** Absent: unknown. */
  readonly delivered?: Delivered | undefined;
  readonly zipkinUrl: string;
}

/** The story of the order whose events these are, all of them and at least one. */
export function tell(
  events: readonly RecordedEvent[],
  letters: readonly ParkedLetter[],
  setting: Setting,
): Story {
  let state: OrderState = initialState;
  const read: { readonly event: OrderEvent; readonly at: Date; readonly position: bigint }[] = [];
  const money = (amount: Parameters<typeof majorUnits>[0]) =>
    majorUnits(amount, setting.decimals).toFixed(setting.decimals);
  const steps = events.map((recorded, index): Step => {
    const event = readEvent(recorded, setting.codec);
    const what = happened(recorded, event, state, money);
    const by = who(event);
    state = after(state, event);
    if (event !== undefined && event !== 'unreadable') {
      read.push({ event, at: recorded.createdAt, position: recorded.position });
    }
    const before = events[index - 1] ?? recorded;
    return {
      event_type: recorded.eventType,
      version: Number(recorded.version),
      position: Number(recorded.position),
      created_at: recorded.createdAt.toISOString(),
      after_ms: recorded.createdAt.getTime() - before.createdAt.getTime(),
      by,
      what,
    };
  });
  const compensated = compensation(state, read);
  // A message that was given up had been delivered.
  const delivered = letters.length === 0 ? setting.delivered : undefined;
  const waits = waiting(state, read, { ...setting, delivered });
  return {
    order_id: events[0]?.aggregateId ?? '',
    status: state.status,
    payment_status: state.payment,
    ...(state.reason !== undefined && { reason: state.reason }),
    steps,
    dead_letters: letters.map(letterAnswer),
    ...(compensated !== undefined && { compensation: compensated }),
    ...(waits !== undefined && { waiting: waits }),
    traces: traceIds(events).map((trace_id) => ({
      trace_id,
      url: `${setting.zipkinUrl}/zipkin/traces/${trace_id}`,
    })),
  };
}

function traceIds(events: readonly RecordedEvent[]): string[] {
  const ids = events.flatMap(({ metadata }) => {
    const [, id] = /^[\da-f]{2}-([\da-f]{32})-/.exec(metadata.traceparent ?? '') ?? [];
    return id === undefined ? [] : [id];
  });
  return [...new Set(ids)];
}
