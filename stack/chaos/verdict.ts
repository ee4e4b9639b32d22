import { eventTypes, type OrderEventCodec } from '../../shared/contracts/events.ts';
import { isOpen, type OrderState, orderDecider } from '../../shared/domain/order.ts';
import { foldRecorded } from '../../shared/eventstore/command-handler.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Told } from './person.ts';
import type { Kind } from './wishes.ts';

/** What is wrong with an order, in one word, and the story for people. */
export interface Wrong {
  readonly what: 'lost' | 'doubled' | 'stuck' | 'cancelled without cause' | 'wrong';
  readonly order: string;
  readonly message: string;
}

/** The log's events of each aggregate, in the order of their versions. */
export type Histories = ReadonlyMap<string, readonly RecordedEvent[]>;

export interface Verdict {
  readonly wrong: readonly Wrong[];
  /** How the orders ended, and how many. */
  readonly ended: Readonly<Record<string, number>>;
  /** Restaurants that were kept from deciding until the deadline had passed. */
  readonly undecidable: number;
  /** Orders that a worker had in its hands when all of its processes were stopped for longer than the deadline. */
  readonly inStoppedHands: number;
}

/** A time in which no process of a service answered; by the log's clock. */
export interface Silence {
  readonly service: string;
  readonly from: number;
  readonly to: number;
  /** The position in the log up to which its processes had been handed events. */
  readonly handed: bigint;
}

/** What orders are judged by besides their wishes. */
export interface Rules {
  readonly codec: OrderEventCodec;
  readonly deadlineMs: number;
  readonly silences: readonly Silence[];
}

/**
 * Compares the log with what people wished, did and were told. An order ends as wished,
 * given what they did: a decision that was answered stands, and a deadline cancels only an
 * order that nobody paid or decided.
 */
export function judge(all: readonly Told[], histories: Histories, rules: Rules): Verdict {
  const { codec } = rules;
  const wrong: Wrong[] = [];
  const ended: Record<string, number> = {};
  let undecidable = 0;
  let inStoppedHands = 0;
  const known = new Set<string>();
  for (const told of all) {
    const order = told.orderId ?? told.wish.key;
    const say = (what: Wrong['what'], message: string) =>
      wrong.push({ what, order, message: `${told.wish.kind}: ${message}` });
    for (const problem of told.problems) say('wrong', problem);
    if (told.orderId === undefined) {
      if (told.problems.length === 0) say('lost', 'it was never answered');
      continue;
    }
    if (known.has(order)) say('doubled', 'two wishes were answered with this order');
    known.add(order);
    const events = histories.get(order) ?? [];
    const state = foldRecorded(orderDecider, codec, events);
    ended[state.status] = (ended[state.status] ?? 0) + 1;
    if (state.details === undefined) say('lost', 'it was accepted and is not in the log');
    else if (isOpen(state)) say('stuck', `it is ${state.status}`);
    else if (!moneyIsDone(state))
      say('stuck', `it is ${state.status}, its payment ${state.payment}`);
    for (const message of doubled(events)) say('doubled', message);
    if (state.details === undefined || isOpen(state)) continue;
    if (told.wish.amountMinor !== state.details.amount) {
      say('wrong', `it costs ${state.details.amount}, ${told.wish.amountMinor} were asked`);
    }
    const verdict = judgeEnd(told, state, events, rules);
    if (verdict === 'undecidable') undecidable += 1;
    else if (verdict === 'in stopped hands') inStoppedHands += 1;
    else if (verdict !== undefined) say(verdict.what, verdict.message);
  }
  for (const [order, events] of histories) {
    const begun = events.some(({ eventType }) => eventType === eventTypes.created);
    if (begun && !known.has(order)) {
      const asked = all.some((told) => told.orderId === undefined);
      // Of a wish that was never answered it is not known what its order is called.
      if (!asked) wrong.push({ what: 'doubled', order, message: 'nobody was told of this order' });
    }
  }
  return { wrong, ended, undecidable, inStoppedHands };
}

/** An order that ended well keeps its money; of any other none is kept. */
export const moneyIsDone = ({ status, payment }: OrderState): boolean =>
  status === 'Approved' ? payment === 'debited' : payment === 'voided' || payment === 'failed';

const decisions: readonly string[] = [
  eventTypes.approved,
  eventTypes.rejected,
  eventTypes.cancelled,
];

/** Events that are in the log more often than allowed. */
function doubled(events: readonly RecordedEvent[]): readonly string[] {
  const count = (is: (type: string) => boolean) =>
    events.filter(({ eventType }) => is(eventType)).length;
  const said: string[] = [];
  if (count((type) => decisions.includes(type)) > 1) said.push('it was decided more than once');
  for (const type of [eventTypes.created, eventTypes.paymentdebited, eventTypes.paymentvoided]) {
    if (count((one) => one === type) > 1) said.push(`${type} is there more than once`);
  }
  return said;
}

/** How each kind ends by default. */
const wished: Readonly<Record<Kind, readonly string[]>> = {
  approved: ['Approved'],
  'paid slowly': ['Approved'],
  declined: ['PaymentFailed'],
  'rejected by rule': ['Rejected'],
  'rejected by restaurant': ['Rejected'],
  'approved by hand': ['Approved'],
  'rejected by hand': ['Rejected'],
  cancelled: ['Cancelled', 'Approved'],
  contested: ['Cancelled', 'Approved'],
  undecided: ['Cancelled review_deadline'],
  unpaid: ['Cancelled payment_deadline'],
  poisoned: ['Cancelled review_deadline'],
};

const statusAfter = { approve: 'Approved', reject: 'Rejected', cancel: 'Cancelled' } as const;

function judgeEnd(
  { wish, deeds }: Told,
  { status, reason }: OrderState,
  events: readonly RecordedEvent[],
  rules: Rules,
): Pick<Wrong, 'what' | 'message'> | 'undecidable' | 'in stopped hands' | undefined {
  const byDeadline = status === 'Cancelled' && /^(payment|review)_deadline$/.test(reason ?? '');
  const end = byDeadline ? `${status} ${reason}` : status;
  for (const { post, answered } of deeds) {
    if (answered === 'done' && statusAfter[post] !== status) {
      return { what: 'wrong', message: `to ${post} it was answered as done, and it is ${end}` };
    }
  }
  const cancelDone = deeds.some(({ post, answered }) => post === 'cancel' && answered === 'done');
  const fits =
    wished[wish.kind].includes(end) && (status !== 'Cancelled' || byDeadline || cancelDone);
  if (fits) return undefined;
  if (byDeadline) {
    if (handsHadTheirTime(wish.kind, events, reason ?? '', rules)) return 'undecidable';
    if (inStoppedHands(events, reason ?? '', rules)) return 'in stopped hands';
    return { what: 'cancelled without cause', message: `${end}; ${story(events)}` };
  }
  return { what: 'wrong', message: `it is ${end}; ${story(events)}` };
}

const byHand: readonly Kind[] = ['approved by hand', 'rejected by hand', 'contested'];

/** The restaurant was waited for as long as it was promised. */
function handsHadTheirTime(
  kind: Kind,
  events: readonly RecordedEvent[],
  reason: string,
  { deadlineMs }: Rules,
): boolean {
  if (!byHand.includes(kind) || reason !== 'review_deadline') return false;
  return (
    timeOf(events, eventTypes.cancelled) - timeOf(events, eventTypes.paymentdebited) >= deadlineMs
  );
}

/**
 * The worker that was waited for was silent: its processes had been handed the event, and
 * all of them stood still for longer than the deadline, in which it passed. An event that
 * had not been handed out waits in a queue, which is no cause.
 */
function inStoppedHands(
  events: readonly RecordedEvent[],
  reason: string,
  { deadlineMs, silences }: Rules,
): boolean {
  const [service, type] =
    reason === 'payment_deadline'
      ? ['paymentworker', eventTypes.created]
      : ['reviewworker', eventTypes.paymentdebited];
  const cause = events.find(({ eventType }) => eventType === type);
  const ended = timeOf(events, eventTypes.cancelled);
  return silences.some(
    ({ service: silent, from, to, handed }) =>
      silent === service &&
      to - from >= deadlineMs &&
      cause !== undefined &&
      cause.position <= handed &&
      from <= ended &&
      // A machine that is busy fires late.
      ended <= to + deadlineMs / 3,
  );
}

const timeOf = (events: readonly RecordedEvent[], type: string): number =>
  events.find(({ eventType }) => eventType === type)?.createdAt.getTime() ?? Number.NaN;

/** `created 12:00:01.003, paymentdebited +0.1 s, …`. */
function story(events: readonly RecordedEvent[]): string {
  const began = events[0]?.createdAt;
  return events
    .map(({ eventType, createdAt }) => {
      const after = (createdAt.getTime() - (began?.getTime() ?? 0)) / 1_000;
      const name = eventType.split('.').at(-1);
      return createdAt === began
        ? `${name} at ${createdAt.toISOString()}`
        : `${name} +${after.toFixed(1)} s`;
    })
    .join(', ');
}
