import { setTimeout as delay } from 'node:timers/promises';
import { now } from './clock.ts';
import { type Answer, askPatiently, type Question, Unanswered } from './patient-http.ts';
import type { Wish } from './wishes.ts';

/** A decision that people requested, and the answer. */
export interface Deed {
  readonly post: 'approve' | 'reject' | 'cancel';
  readonly answered: 'done' | 'refused';
}

/** The outcome of a wish, as its people saw it. Times are of {@link now}. */
export interface Told {
  readonly wish: Wish;
  readonly sentAt: number;
  /** Undefined: it was never accepted. */
  orderId?: string;
  acceptedMs?: number;
  /** Failed attempts. */
  failed: number;
  readonly deeds: Deed[];
  /** Id of the event that no worker can read. */
  poison?: string;
  /** Answers that may not be. */
  readonly problems: string[];
}

export interface People {
  /** Of each ordersvc. */
  readonly urls: readonly string[];
  /** Appends an unreadable event to the order; resolves with its id. */
  readonly poison: (orderId: string) => Promise<string>;
  /** Reads may lack orders that were accepted. */
  readonly forgotten: () => boolean;
  readonly signal: AbortSignal;
}

const LOOK_MS = 200;
/** A person who decides by hand gives up after this. */
const PATIENCE_MS = 60_000;

/** Does all that people do about one wish. Rejects only when the run is given up. */
export async function live(wish: Wish, people: People): Promise<Told> {
  const told: Told = { wish, sentAt: now(), failed: 0, deeds: [], problems: [] };
  try {
    await place(told, people);
    await decide(told, people);
  } catch (error) {
    people.signal.throwIfAborted();
    if (!(error instanceof Unanswered || error instanceof Unexpected)) throw error;
    told.problems.push(error.message);
  }
  return told;
}

/** An answer that no service may give. */
class Unexpected extends Error {
  constructor({ method, path }: Question, { status, text }: Answer) {
    super(`${method} ${path} was answered ${status} ${text}`);
  }
}

async function ask(told: Told, people: People, question: Question, first = told.wish.n) {
  const answer = await askPatiently(people.urls, first, question, people);
  told.failed += answer.failed;
  return answer;
}

async function place(told: Told, people: People): Promise<void> {
  const { wish } = told;
  const question: Question = {
    method: 'POST',
    path: '/api/orders',
    body: wish.body,
    key: wish.key,
  };
  const again = wish.twice ? ask(told, people, question, wish.n + 1) : undefined;
  again?.catch(() => {});
  const answer = await ask(told, people, question);
  if (answer.status !== 201) throw new Unexpected(question, answer);
  const order = JSON.parse(answer.text);
  told.orderId = order.order_id;
  told.acceptedMs = answer.tookMs;
  if (Math.round(order.amount * 100) !== wish.amountMinor) {
    told.problems.push(`it was accepted for ${order.amount}, ${wish.amountMinor} cents were asked`);
  }
  if (again === undefined) return;
  for (const other of [await again, await ask(told, people, question, wish.n + 1)]) {
    if (other.status === 201 && JSON.parse(other.text).order_id === told.orderId) continue;
    told.problems.push(
      `a retry with its key was answered ${other.status} ${other.text}, not ${told.orderId}`,
    );
  }
}

async function decide(told: Told, people: People): Promise<void> {
  const { wish } = told;
  if (wish.looks) await look(told, people, '?min_version=1');
  switch (wish.kind) {
    case 'cancelled':
      await delay(wish.cancelsAfterMs, undefined, { signal: people.signal });
      return post(told, people, 'cancel');
    case 'approved by hand':
      return (await paid(told, people)) ? post(told, people, 'approve') : undefined;
    case 'rejected by hand':
      return (await paid(told, people)) ? post(told, people, 'reject') : undefined;
    case 'contested':
      if (!(await paid(told, people))) return;
      await Promise.all([post(told, people, 'approve'), post(told, people, 'cancel')]);
      return;
    case 'poisoned':
      if (!(await paid(told, people))) return;
      told.poison = await people.poison(told.orderId ?? '');
      return;
    default:
      return;
  }
}

async function look(told: Told, people: People, query = ''): Promise<string> {
  const question: Question = { method: 'GET', path: `/api/orders/${told.orderId}${query}` };
  const answer = await ask(told, people, question, told.wish.n + 1);
  if (answer.status !== 200) throw new Unexpected(question, answer);
  return JSON.parse(answer.text).status;
}

/** Whether it became Paid in time; false: it had ended before, or the person gave up. */
async function paid(told: Told, people: People): Promise<boolean> {
  for (const began = now(); now() - began < PATIENCE_MS; ) {
    const status = await look(told, people);
    if (status !== 'Pending') return status === 'Paid';
    await delay(LOOK_MS, undefined, { signal: people.signal });
  }
  return false;
}

async function post(told: Told, people: People, post: Deed['post']): Promise<void> {
  const question: Question = {
    method: 'POST',
    path: `/api/orders/${told.orderId}/${post}`,
    ...(post !== 'approve' && { body: JSON.stringify({ reason: 'chaos' }) }),
  };
  const answer = await ask(told, people, question);
  if (answer.status !== 200 && answer.status !== 409) throw new Unexpected(question, answer);
  told.deeds.push({ post, answered: answer.status === 200 ? 'done' : 'refused' });
}
