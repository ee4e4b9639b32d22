import assert from 'node:assert/strict';
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { background, type Context, withSignal, withTelemetry } from '../context.ts';
import type { Endpoint } from '../endpoint.ts';
import { CodedError } from '../errors.ts';
import { gathered } from './gather.ts';

const ctx = background();
const turn = () => new Promise(setImmediate);

/** Answers when the test says so. */
function slowly() {
  const groups: {
    items: readonly number[];
    ctx: Context;
    answer(): void;
    fail(e: unknown): void;
  }[] = [];
  const together: Endpoint<readonly number[], readonly number[]> = (groupCtx, items) =>
    new Promise((resolve, reject) => {
      const answer = () => resolve(items.map((n) => n * 10));
      groups.push({ items, ctx: groupCtx, answer, fail: reject });
    });
  return { groups, together };
}

describe('gathered', () => {
  it('what is called while a group is under way is the next group', async () => {
    const { groups, together } = slowly();
    const call = gathered({ together, most: 3, timeoutMs: 1_000 });
    const first = call(ctx, 1);
    await turn();
    const others = [2, 3, 4, 5].map((n) => call(ctx, n));
    await turn();
    assert.deepEqual(
      groups.map(({ items }) => items),
      [[1]],
    );
    groups[0]?.answer();
    assert.equal(await first, 10);
    await turn();
    groups[1]?.answer();
    await others[2];
    await turn();
    groups[2]?.answer();
    assert.deepEqual(await Promise.all(others), [20, 30, 40, 50]);
    assert.deepEqual(
      groups.map(({ items }) => items),
      [[1], [2, 3, 4], [5]],
    );
  });

  it('groups of several calls run at the same time where that is allowed', async () => {
    const { groups, together } = slowly();
    const call = gathered({ together, most: 1, atOnce: 2, timeoutMs: 1_000 });
    const calls = [1, 2, 3].map((n) => call(ctx, n));
    await turn();
    assert.equal(groups.length, 2);
    groups[1]?.answer();
    await calls[1];
    await turn();
    for (const { answer } of groups) answer();
    assert.deepEqual(await Promise.all(calls), [10, 20, 30]);
  });

  it('an outage is everybody’s, and the next group is tried again', async () => {
    let away = true;
    let triedSingly = 0;
    const call = gathered<number, number>({
      together: async (_ctx, items) => {
        if (away) throw new CodedError('unavailable', 'away', 'Away.');
        return items;
      },
      singly: async (_ctx, n) => {
        triedSingly++;
        return n;
      },
      most: 10,
      timeoutMs: 1_000,
    });
    const calls = await Promise.allSettled([call(ctx, 1), call(ctx, 2)]);
    assert.deepEqual(
      calls.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(triedSingly, 0);
    away = false;
    assert.deepEqual(await Promise.all([call(ctx, 3), call(ctx, 4)]), [3, 4]);
  });

  it('one item’s fault is not the others’', async () => {
    const odd = (n: number) => {
      if (n % 2 === 1) throw new CodedError('conflict', 'odd', `${n} is odd.`);
      return n;
    };
    const call = gathered({
      together: async (_ctx, items: readonly number[]) => items.map(odd),
      singly: async (_ctx, n) => odd(n),
      most: 10,
      timeoutMs: 1_000,
    });
    const [two, three, four] = await Promise.allSettled([2, 3, 4].map((n) => call(ctx, n)));
    assert.deepEqual(two, { status: 'fulfilled', value: 2 });
    assert.equal(three?.status === 'rejected' && three.reason.code, 'odd');
    assert.deepEqual(four, { status: 'fulfilled', value: 4 });
  });

  it('an item that is alone goes singly, as one among others does not', async () => {
    const groups: number[] = [];
    const call = gathered({
      together: async (_ctx, items: readonly number[]) => items.map(() => 'together'),
      singly: async () => 'singly',
      most: 10,
      timeoutMs: 1_000,
      onGroup: (items) => groups.push(items),
    });
    assert.equal(await call(ctx, 1), 'singly');
    assert.deepEqual(await Promise.all([call(ctx, 1), call(ctx, 2)]), ['together', 'together']);
    assert.deepEqual(groups, [1, 2]);
  });

  it('a group that never answers ends when its time is up, and the next one begins', async () => {
    let triedSingly = 0;
    let silent = true;
    const aborted: unknown[] = [];
    const call = gathered<number, number>({
      together: (group, items) => {
        group.signal.addEventListener('abort', () => aborted.push(group.signal.reason));
        return silent ? new Promise(() => undefined) : Promise.resolve(items);
      },
      singly: async (_ctx, n) => {
        triedSingly++;
        return n;
      },
      most: 2,
      timeoutMs: 20,
    });
    const calls = [1, 2, 3, 4].map((n) => call(ctx, n));
    await turn();
    silent = false;
    const settled = await Promise.allSettled(calls);
    assert.deepEqual(
      settled.map((one) => (one.status === 'rejected' ? one.reason.code : one.value)),
      ['deadline_exceeded', 'deadline_exceeded', 3, 4],
    );
    assert.equal(triedSingly, 0);
    assert.equal(aborted.length, 1);
  });

  it('a call that throws at once fails alone', async () => {
    const thrown = (): never => {
      throw new CodedError('conflict', 'thrown', 'Thrown.');
    };
    const call = gathered<number, number>({
      together: async () => thrown(),
      singly: (_ctx, n) => (n === 1 ? thrown() : Promise.resolve(n)),
      most: 10,
      timeoutMs: 1_000,
    });
    const [one, two] = await Promise.allSettled([call(ctx, 1), call(ctx, 2)]);
    assert.equal(one?.status === 'rejected' && one.reason.code, 'thrown');
    assert.deepEqual(two, { status: 'fulfilled', value: 2 });
  });

  it('answers that do not match the calls reach nobody', async () => {
    const call = gathered({ together: async () => [1], most: 10, timeoutMs: 1_000 });
    const calls = await Promise.allSettled([call(ctx, 1), call(ctx, 2)]);
    for (const { status } of calls) assert.equal(status, 'rejected');
  });

  it('who leaves rejects at once, and the others get their answers', async () => {
    const { groups, together } = slowly();
    const call = gathered({ together, most: 10, timeoutMs: 1_000 });
    const leaving = new AbortController();
    const left = call(withSignal(ctx, leaving.signal), 1);
    const stayed = call(ctx, 2);
    await turn();
    leaving.abort(new Error('gone'));
    await assert.rejects(left, /gone/);
    groups[0]?.answer();
    assert.equal(await stayed, 20);
    await assert.rejects(call(withSignal(ctx, leaving.signal), 3), /gone/);
  });

  it('who left before the group began is not in it', async () => {
    const { groups, together } = slowly();
    const call = gathered({ together, most: 10, timeoutMs: 1_000 });
    const leaving = new AbortController();
    const left = call(withSignal(ctx, leaving.signal), 1);
    void call(ctx, 2);
    leaving.abort(new Error('gone'));
    await assert.rejects(left);
    await turn();
    assert.deepEqual(groups[0]?.items, [2]);
  });

  it('more than the bound are refused, not queued', async () => {
    const { together } = slowly();
    const call = gathered({ together, most: 1, mostWaiting: 2, timeoutMs: 1_000 });
    void call(ctx, 1);
    void call(ctx, 2);
    await assert.rejects(call(ctx, 3), { code: 'too_many_calls' });
  });

  it('a group is in the trace of its first sampled caller', async () => {
    const { groups, together } = slowly();
    const call = gathered({ together, most: 10, timeoutMs: 1_000 });
    const traced = (traceId: string, traceFlags: TraceFlags) =>
      withTelemetry(
        ctx,
        trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: '00000000000000a1', traceFlags }),
      );
    void call(traced('0000000000000000000000000000000a', TraceFlags.NONE), 1);
    void call(traced('0000000000000000000000000000000b', TraceFlags.SAMPLED), 2);
    await turn();
    const span = trace.getSpanContext(groups[0]?.ctx.telemetry ?? ROOT_CONTEXT);
    assert.equal(span?.traceId, '0000000000000000000000000000000b');
  });
});
