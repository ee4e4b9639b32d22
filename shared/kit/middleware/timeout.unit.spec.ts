import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { background, type Context, remaining, withSignal, withTimeLeft } from '../context.ts';
import type { Endpoint } from '../endpoint.ts';
import { CodedError, codedError } from '../errors.ts';
import { timeout } from './timeout.ts';

/** Never answers, whatever it is told. */
const deaf: Endpoint<unknown, never> = () => new Promise(() => {});

/** Never answers either, but notices when nobody waits any more. */
const attentive: Endpoint<unknown, never> = (ctx) =>
  new Promise((_, reject) => {
    const gone = new CodedError('cancelled', 'cancelled', 'Nobody waits.');
    ctx.signal.addEventListener('abort', () => reject(gone));
  });

const failure = (answer: Promise<unknown>) =>
  answer.then(() => assert.fail('answered'), codedError);

describe('timeout', () => {
  for (const [what, endpoint] of Object.entries({ deaf, attentive })) {
    it(`stops waiting for an endpoint that is ${what}`, async () => {
      const error = await failure(timeout(10)(endpoint)(background(), {}));
      assert.deepEqual([error.kind, error.code], ['timeout', 'deadline_exceeded']);
    });

    it(`calls it cancelled when the caller goes away first and the endpoint is ${what}`, async () => {
      const caller = new AbortController();
      const answer = timeout(5_000)(endpoint)(withSignal(background(), caller.signal), {});
      caller.abort();
      assert.equal((await failure(answer)).kind, 'cancelled');
    });
  }

  it('gives the endpoint its deadline and a signal that ends with it', async () => {
    let seen: Context | undefined;
    let leftMs = 0;
    await failure(
      timeout(10)((ctx) => {
        seen = ctx;
        leftMs = remaining(ctx, 0);
        return deaf(ctx, {});
      })(background('c-1'), {}),
    );
    assert.equal(seen?.correlationId, 'c-1');
    assert.equal(seen?.signal.aborted, true);
    assert.ok(seen?.deadline !== undefined && leftMs > 0 && leftMs <= 10, `${leftMs}`);
  });

  it("an earlier deadline of the context's own wins", async () => {
    const own = withTimeLeft(background(), 10);
    let seen: number | undefined;
    const error = await failure(
      timeout(60_000)((ctx) => {
        seen = ctx.deadline;
        return deaf(ctx, {});
      })(own, {}),
    );
    assert.equal(error.code, 'deadline_exceeded');
    assert.ok(seen !== undefined && seen <= (own.deadline ?? 0) + 1);
  });

  it('a later deadline does not', async () => {
    const ctx = withTimeLeft(background(), 60_000);
    assert.equal((await failure(timeout(10)(deaf)(ctx, {}))).code, 'deadline_exceeded');
  });

  it('does not begin a request whose time is up', async () => {
    let called = false;
    const endpoint = timeout(1_000)(async () => {
      called = true;
    });
    const error = await failure(endpoint(withTimeLeft(background(), -1), {}));
    assert.equal(error.code, 'deadline_exceeded');
    assert.equal(called, false);
  });

  it('does not begin a request whose caller has left', async () => {
    let called = false;
    const endpoint = timeout(1_000)(async () => {
      called = true;
    });
    const error = await failure(endpoint(withSignal(background(), AbortSignal.abort()), {}));
    assert.equal(error.code, 'cancelled');
    assert.equal(called, false);
  });

  it('leaves no listener behind on a signal that lives on', async () => {
    const { signal } = new AbortController();
    const ctx = withSignal(background(), signal);
    await timeout(1_000)(async () => 'answer')(ctx, {});
    await failure(timeout(1_000)(async () => Promise.reject(new Error('no')))(ctx, {}));
    await failure(timeout(5)(deaf)(ctx, {}));
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('hands answers and errors that come in time on as they are', async () => {
    const own = new CodedError('cancelled', 'parcel_returned', 'The parcel was returned.');
    assert.equal(await timeout(1_000)(async () => 'answer')(background(), {}), 'answer');
    await assert.rejects(timeout(1_000)(() => Promise.reject(own))(background(), {}), own);
  });

  it('does not abort what goes on after an answer in time', async () => {
    let signal: AbortSignal | undefined;
    await timeout(1_000)(async (ctx) => {
      signal = ctx.signal;
    })(background(), {});
    assert.equal(signal?.aborted, false);
  });
});
