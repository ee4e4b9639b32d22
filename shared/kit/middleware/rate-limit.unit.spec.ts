import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { eventually } from '../../testing/eventually.ts';
import { background, withPrincipal, withSignal } from '../context.ts';
import { CodedError, codedError } from '../errors.ts';
import { stranger } from '../principal.ts';
import { rateLimit } from './rate-limit.ts';

describe('rate limit', () => {
  let time = 0;
  const now = () => time;

  it('lets so many through and refuses the rest, saying when to come back', async () => {
    let calls = 0;
    const endpoint = rateLimit({ points: 3, perMs: 60_000, now })(async () => ++calls);
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () => endpoint(background(), {})),
    );
    assert.equal(calls, 3);
    for (const result of results.slice(3)) {
      assert.equal(result.status, 'rejected');
      const refusal = codedError(result.reason);
      assert.deepEqual([refusal.kind, refusal.code], ['rate_limited', 'rate_limited']);
      assert.equal(refusal.retryAfterMs, 60_000);
    }
  });

  it('lets requests through again when the time it named is over', async () => {
    const endpoint = rateLimit({ points: 1, perMs: 1_000, now })(async () => 'served');
    await endpoint(background(), {});
    const refusal = await endpoint(background(), {}).then(assert.fail, codedError);
    time += refusal.retryAfterMs ?? assert.fail();
    assert.equal(await endpoint(background(), {}), 'served');
  });

  it('a clock that is set back an hour does not make the window longer', async () => {
    mock.timers.enable({ apis: ['Date'], now: 7_200_000 });
    try {
      const endpoint = rateLimit({ points: 1, perMs: 20 })(async () => 'served');
      await endpoint(background(), {});
      mock.timers.setTime(3_600_000);
      const refusal = await endpoint(background(), {}).then(assert.fail, codedError);
      assert.ok((refusal.retryAfterMs ?? 0) <= 20);
      await eventually('it is served', () => endpoint(background(), {}).catch(() => false), 2_000);
    } finally {
      mock.timers.reset();
    }
  });

  it('a flood of one caller leaves the others theirs', async () => {
    const endpoint = rateLimit({ points: 3, perMs: 60_000, now })(async () => 'served');
    const from = (address: string) => withPrincipal(background(), stranger(address));
    const flood = await Promise.allSettled(
      Array.from({ length: 1_000 }, () => endpoint(from('10.0.0.1'), {})),
    );
    assert.equal(flood.filter(({ status }) => status === 'fulfilled').length, 3);
    for (let n = 0; n < 3; n++) assert.equal(await endpoint(from('10.0.0.2'), {}), 'served');
    await assert.rejects(endpoint(from('10.0.0.2'), {}), { code: 'rate_limited' });
  });

  it('of very many callers it forgets those not seen for longest, and keeps who floods', async () => {
    const endpoint = rateLimit({ points: 1, perMs: 60_000, now })(async () => 'served');
    const from = (n: number) => withPrincipal(background(), stranger(`caller ${n}`));
    await endpoint(from(0), {});
    await endpoint(from(1), {});
    for (let n = 2; n < 10_001; n++) {
      await endpoint(from(n), {});
      if (n % 100 === 0) await assert.rejects(endpoint(from(0), {}), { code: 'rate_limited' });
    }
    assert.equal(await endpoint(from(1), {}), 'served', 'forgotten');
    await assert.rejects(endpoint(from(0), {}), { code: 'rate_limited' });
  });

  it('counts for each endpoint by itself', async () => {
    const wrap = rateLimit({ points: 1, perMs: 60_000 });
    const one = wrap(async () => 1);
    const two = wrap(async () => 2);
    assert.deepEqual([await one(background(), {}), await two(background(), {})], [1, 2]);
  });

  it("hands an endpoint's own error on as it is", async () => {
    const endpoint = rateLimit({ points: 1, perMs: 60_000 })(() =>
      Promise.reject(new Error('own')),
    );
    await assert.rejects(endpoint(background(), {}), /own/);
  });

  it('holds who comes again without waiting until the window ends, so many and no longer', async () => {
    const hold = { after: 2, atMostMs: 200, most: 3 };
    const endpoint = rateLimit({ points: 1, perMs: 60_000, hold, now })(async () => 'served');
    const from = (address: string, signal?: AbortSignal) => {
      const ctx = withPrincipal(background(), stranger(address));
      return endpoint(signal === undefined ? ctx : withSignal(ctx, signal), {});
    };
    const code = (answer: Promise<unknown>) => answer.catch((error) => codedError(error).code);
    await from('flood');
    for (let n = 0; n < 2; n++) assert.equal(await code(from('flood')), 'rate_limited');
    let answered = 0;
    const gone = new AbortController();
    const held = [from('flood'), from('flood'), from('flood', gone.signal)].map((one) =>
      code(one).finally(() => answered++),
    );
    await turnOfLoop();
    assert.equal(answered, 0);
    assert.equal(await code(from('flood')), 'rate_limited', 'more are not held');
    assert.equal(await from('other'), 'served');
    gone.abort(new CodedError('cancelled', 'cancelled', 'Left.'));
    assert.equal(await held[2], 'cancelled');
    assert.equal(answered, 1);
    assert.deepEqual(await Promise.all(held), ['rate_limited', 'rate_limited', 'cancelled']);
  });
});
