import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { background, type Context, withSignal } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { whileThere } from './while-there.ts';

const failure = () => new CodedError('unavailable', 'event_store_away', 'It is away.');
const gone = new CodedError('cancelled', 'cancelled', 'Nobody waits.');

/** Ends only when it is aborted. */
const slow = (ctx: Context) =>
  new Promise<never>((_, reject) => ctx.signal.addEventListener('abort', () => reject(gone)));

describe('work that is waited for while what it needs is there', () => {
  it('is waited for however often it is asked', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    let asked = 0;
    const away = () => {
      if (++asked === 3) resolve('done');
      return false;
    };
    assert.equal(
      await whileThere(background(), { away, everyMs: 2, failure }, () => promise),
      'done',
    );
    assert.equal(asked, 3);
  });

  it('is given up, and aborted, when it is away', async () => {
    const answer = whileThere(background(), { away: () => true, everyMs: 2, failure }, slow);
    await assert.rejects(answer, { code: 'event_store_away' });
  });

  it('ends with its caller, and leaves nothing behind', async () => {
    const caller = new AbortController();
    const ctx = withSignal(background(), caller.signal);
    const answer = whileThere(ctx, { away: () => false, everyMs: 1_000, failure }, slow);
    caller.abort(gone);
    await assert.rejects(answer, gone);
    assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
  });
});
