import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { applyLoad } from './load.ts';
import type { Answer } from './place-order.ts';

const accepted: Answer = { kind: 'accepted', orderId: 'any' };
const { signal } = new AbortController();

describe('load', () => {
  it('sends each order once, over no more callers at once than asked for', async () => {
    const sent: number[] = [];
    let now = 0;
    let most = 0;
    const place = async (n: number) => {
      sent.push(n);
      most = Math.max(most, ++now);
      await delay(1);
      now--;
      return accepted;
    };
    await applyLoad({ orders: 40, callers: 4, rate: undefined, place, onAnswer: () => {}, signal });
    assert.deepEqual(
      sent.toSorted((a, b) => a - b),
      Array.from({ length: 40 }, (_, n) => n),
    );
    assert.equal(most, 4);
  });

  it('with a rate, times count from when an order was due, so that a stall is not forgiven', async () => {
    const times: number[] = [];
    let began: number | undefined;
    // The first order is answered after 100 ms, all others at once; the only caller is held up.
    const place = async (n: number) => {
      began ??= performance.now();
      if (n === 0) while (performance.now() - began < 100) await delay(5);
      return accepted;
    };
    const onAnswer = (_: Answer, sentAt: number, answeredAt: number) =>
      void times.push(answeredAt - sentAt);
    await applyLoad({ orders: 11, callers: 1, rate: 100, place, onAnswer, signal });
    // Order n was due at n × 10 ms and could not be sent before 100 ms.
    for (const n of [1, 5, 8]) assert.ok((times[n] ?? 0) >= 99 - 10 * n, `${n}: ${times[n]} ms`);
  });

  it('sends nothing more once it is told to stop', async () => {
    const stop = new AbortController();
    let sent = 0;
    const place = async () => {
      if (++sent === 3) stop.abort();
      return accepted;
    };
    const onAnswer = () => {};
    await applyLoad({
      orders: 1_000,
      callers: 1,
      rate: 1_000,
      place,
      onAnswer,
      signal: stop.signal,
    });
    assert.equal(sent, 3);
  });

  it('a caller that was refused asks again when it was told to, and holds up no other one', async () => {
    const stop = new AbortController();
    const sent: number[] = [];
    const place = async (n: number): Promise<Answer> => {
      sent.push(n);
      await delay(1);
      if (n === 0) return { kind: 'refused', why: '503', retryAfterMs: 60_000 };
      if (n === 9) stop.abort();
      return accepted;
    };
    const load = { callers: 2, place, onAnswer: () => {}, signal: stop.signal };
    await applyLoad({ ...load, orders: Number.POSITIVE_INFINITY, rate: undefined });
    // The other one sent all of these, one at a time, and its end ended the wait.
    assert.deepEqual(sent, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
