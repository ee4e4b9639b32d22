import { setTimeout as delay } from 'node:timers/promises';

/** An answer that is meant: no invitation to come again. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** From the first sending to this answer, over all attempts. */
  readonly tookMs: number;
  /** How often it was asked in vain before. */
  readonly failed: number;
}

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly key?: string;
}

const ATTEMPT_MS = 6_000;
const GIVE_UP_MS = 90_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;
const comeAgain: readonly number[] = [408, 429, 502, 503, 504];

/** Thrown if there was no answer for a minute and a half. */
export class Unanswered extends Error {}

/**
 * Asks one ordersvc after the other, from number `first` on, until one gives a final answer,
 * as a client does that is told to retry. While orders may be `forgotten`, "no such order" is
 * not a final answer either.
 */
export async function askPatiently(
  urls: readonly string[],
  first: number,
  question: Question,
  { forgotten, signal }: { readonly forgotten: () => boolean; readonly signal: AbortSignal },
): Promise<Answer> {
  const began = performance.now();
  const isNoAnswer = (status: number) =>
    comeAgain.includes(status) || (status === 404 && forgotten());
  let last = 'none';
  for (let failed = 0; performance.now() - began < GIVE_UP_MS; failed += 1) {
    const url = urls[(first + failed) % urls.length] ?? '';
    const answer = await ask(url, question).catch((error: Error) => {
      last = ((error.cause ?? error) as Error).message;
    });
    if (answer !== undefined && !isNoAnswer(answer.status)) {
      return { ...answer, tookMs: performance.now() - began, failed };
    }
    if (answer !== undefined) last = `${answer.status} ${answer.text}`;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failed);
    await delay(pause * (0.5 + Math.random() / 2), undefined, { signal });
  }
  throw new Unanswered(`no answer to ${question.method} ${question.path} (the last: ${last})`);
}

async function ask(url: string, { method, path, body, key }: Question) {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    ...(body !== undefined && { body }),
    signal: AbortSignal.timeout(ATTEMPT_MS),
  });
  return { status: response.status, text: await response.text() };
}
