import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './place-order.ts';

export interface Load {
  readonly orders: number;
  /** Requests at once, at most. */
  readonly callers: number;
  /**
   * Orders a second; undefined: each caller sends its next order when it has its answer,
   * or when the server that refused it wants to be asked again.
   */
  readonly rate: number | undefined;
  /** Must not reject. */
  readonly place: (n: number) => Promise<Answer>;
  /** Times are of `performance.now()`. */
  readonly onAnswer: (answer: Answer, sentAt: number, answeredAt: number) => void;
  /** No order is sent after it aborts; those on their way are waited for. */
  readonly signal: AbortSignal;
}

/**
 * Places the orders 0 … `orders` − 1. With a rate, order n counts as sent at the
 * moment it was due, also where no caller was free then or this process was late:
 * a server that stalls is not spared the orders that would have come meanwhile.
 */
export async function applyLoad(load: Load): Promise<void> {
  const { orders, callers, rate, place, onAnswer, signal } = load;
  const startedAt = performance.now();
  let next = 0;
  const caller = async () => {
    for (let n = next++; n < orders && !signal.aborted; n = next++) {
      let sentAt = performance.now();
      if (rate !== undefined) {
        const due = startedAt + (n * 1_000) / rate;
        if (due > sentAt) await delay(due - sentAt, undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
        sentAt = due;
      }
      const answer = await place(n);
      onAnswer(answer, sentAt, performance.now());
      // With a rate nobody asks again: the next order is somebody else's.
      if (rate === undefined && answer.kind === 'refused' && answer.retryAfterMs !== undefined) {
        await delay(answer.retryAfterMs, undefined, { signal }).catch(() => {});
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(callers, orders) }, caller));
}
