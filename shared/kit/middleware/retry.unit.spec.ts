import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { background, withSignal, withTimeLeft } from '../context.ts';
import { CodedError } from '../errors.ts';
import { retry } from './retry.ts';

const away = new CodedError('unavailable', 'database_away', 'The database is away.');
const refusal = new CodedError('conflict', 'not_sent', 'The parcel is not sent.');

/** An endpoint that ends in turn as told, and then with its answer. */
function failing(...errors: Error[]) {
  let calls = 0;
  return {
    calls: () => calls,
    endpoint: async () => {
      const error = errors[calls++];
      if (error !== undefined) throw error;
      return 'answer';
    },
  };
}

describe('retry', () => {
  const quick = retry({ attempts: 3, initialDelayMs: 1, maxDelayMs: 5 });
  const slow = retry({ attempts: 3, initialDelayMs: 60_000, maxDelayMs: 60_000 });

  it('calls again after failures of the machinery until there is an answer', async () => {
    const { endpoint, calls } = failing(away, new TypeError('bug'));
    assert.equal(await quick(endpoint)(background(), {}), 'answer');
    assert.equal(calls(), 3);
  });

  it('ends after so many calls in all, with the last failure', async () => {
    const last = new CodedError('timeout', 'late', 'Too late.');
    const { endpoint, calls } = failing(away, away, last, away);
    await assert.rejects(quick(endpoint)(background(), {}), last);
    assert.equal(calls(), 3);
  });

  it('never asks twice for an answer', async () => {
    const { endpoint, calls } = failing(refusal);
    await assert.rejects(quick(endpoint)(background(), {}), refusal);
    assert.equal(calls(), 1);
  });

  it('an abort ends the pause at once, with the failure that led to it', async () => {
    const caller = new AbortController();
    const { endpoint, calls } = failing(away);
    const answer = slow(endpoint)(withSignal(background(), caller.signal), {});
    setImmediate(() => caller.abort());
    await assert.rejects(answer, away);
    assert.equal(calls(), 1);
  });

  it('a pause that was given up does not keep the process alive', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout');
    await new Promise(setImmediate); // for mocha's own timer, which it sets after the call
    const before = timers().length;
    const caller = new AbortController();
    const answer = slow(failing(away).endpoint)(withSignal(background(), caller.signal), {});
    setImmediate(() => caller.abort());
    await assert.rejects(answer, away);
    assert.equal(timers().length, before);
  });

  it('an abort during a call lets the call end, and makes no other', async () => {
    const caller = new AbortController();
    let calls = 0;
    const endpoint = quick(async () => {
      calls++;
      if (calls === 2) caller.abort();
      throw calls === 2 ? away : new Error('first');
    });
    await assert.rejects(endpoint(withSignal(background(), caller.signal), {}), away);
    assert.equal(calls, 2);
  });

  it('makes no call after the deadline', async () => {
    let calls = 0;
    const endpoint = quick(async (ctx) => {
      calls++;
      while (performance.now() <= (ctx.deadline ?? 0)); // time passes
      throw away;
    });
    await assert.rejects(endpoint(withTimeLeft(background(), 5), {}), away);
    assert.equal(calls, 1);
  });

  it('pauses no longer than it may', async () => {
    // Days, or this test's own time is up.
    const capped = retry({ attempts: 3, initialDelayMs: 1_000_000_000, maxDelayMs: 5 });
    assert.equal(await capped(failing(away, away).endpoint)(background(), {}), 'answer');
  });

  it('leaves no listener behind on a signal that lives on', async () => {
    const caller = new AbortController();
    await quick(failing(away).endpoint)(withSignal(background(), caller.signal), {});
    await new Promise(setImmediate);
    assert.deepEqual(getEventListeners(caller.signal, 'abort'), []);
  });
});
