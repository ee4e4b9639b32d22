import assert from 'node:assert/strict';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import fc from 'fast-check';
import { background, withPrincipal, withSignal } from '../context.ts';
import { stranger } from '../principal.ts';
import { fairShare } from './fair-share.ts';

const fixed = (atOnce: number) => ({
  current: () => atOnce,
  answered: () => undefined,
  reached: () => undefined,
});

/** An endpoint behind a fair share, whose requests the test answers. */
function scene(atOnce: number, mostWaiting?: number) {
  let now = 0;
  const underWay: { readonly caller: string; answer(): void }[] = [];
  const middleware = fairShare({
    atOnce: () => fixed(atOnce),
    now: () => now,
    ...(mostWaiting && { mostWaiting }),
  });
  const endpoint = middleware(async (ctx) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const one = { caller: ctx.principal?.share.slice('address '.length) ?? '', answer: resolve };
    underWay.push(one);
    await promise;
    underWay.splice(underWay.indexOf(one), 1);
  });
  const ask = (caller: string, signal?: AbortSignal) => {
    const ctx = withPrincipal(background(), stranger(caller));
    return endpoint(signal === undefined ? ctx : withSignal(ctx, signal), {});
  };
  return {
    ask,
    underWay,
    of: (caller: string) => underWay.filter((one) => one.caller === caller).length,
    pass: (ms: number) => {
      now += ms;
    },
    /** Answers the oldest request, of this caller if one is named. */
    answer: async (caller?: string) => {
      underWay.find((one) => caller === undefined || one.caller === caller)?.answer();
      await turnOfLoop();
    },
    answerAll: async () => {
      while (underWay.length > 0) {
        underWay[0]?.answer();
        await turnOfLoop();
      }
    },
  };
}

const times = (count: number, work: () => Promise<unknown>) =>
  Promise.allSettled(Array.from({ length: count }, work));

describe('fair share', () => {
  it('does not limit who is alone', async () => {
    const { ask, of, answerAll } = scene(4);
    const all = times(100, () => ask('a'));
    assert.equal(of('a'), 100);
    await answerAll();
    assert.ok((await all).every(({ status }) => status === 'fulfilled'));
  });

  it('beside another caller a flood has its share under way, and the other goes on at once', async () => {
    const { ask, of, answer, answerAll } = scene(4);
    void ask('victim');
    const flood = times(100, () => ask('flood'));
    assert.deepEqual([of('flood'), of('victim')], [3, 1]);
    for (let n = 0; n < 50; n++) {
      void ask('victim');
      assert.equal(of('victim'), 2, 'at once');
      assert.equal(of('flood'), 3);
      await answer('flood');
      assert.equal(of('flood'), 2, 'what the other leaves');
      await answer('victim');
      assert.deepEqual([of('flood'), of('victim')], [3, 1]);
    }
    await answerAll();
    assert.ok((await flood).every(({ status }) => status === 'fulfilled'));
  });

  it('leaves nothing idle: who asks for much has what others do not use', async () => {
    const { ask, of, answer, answerAll } = scene(10);
    const others = Array.from({ length: 50 }, (_, n) => ask(`other ${n}`));
    for (const _ of others) await answer();
    const flood = times(100, () => ask('flood'));
    assert.equal(of('flood'), 10);
    await answerAll();
    await flood;
  });

  it('gives each of many callers one at least', async () => {
    const { ask, of, answerAll } = scene(4);
    const callers = Array.from({ length: 20 }, (_, n) => `caller ${n}`);
    const first = callers.map((caller) => ask(caller));
    const more = callers.map((caller) => times(3, () => ask(caller)));
    for (const caller of callers) assert.ok(of(caller) >= 1, caller);
    await answerAll();
    await Promise.all([...first, ...more]);
  });

  it('gives those that wait their turns one after the other', async () => {
    const { ask, of, answer, answerAll } = scene(3);
    const first = ask('c');
    const all = [times(9, () => ask('a')), times(9, () => ask('b'))];
    for (let n = 0; n < 12; n++) {
      await answer();
      assert.ok(Math.abs(of('a') - of('b')) <= 1, `${of('a')} and ${of('b')} after ${n}`);
    }
    await answerAll();
    await Promise.all([first, ...all]);
  });

  it('expects another caller for a minute after its last request, and no longer', async () => {
    const { ask, of, answer, pass, answerAll } = scene(4);
    const seldom = ask('seldom');
    await answer('seldom');
    await seldom;
    pass(59_999);
    const flood = times(10, () => ask('flood'));
    assert.equal(of('flood'), 4);
    pass(1);
    void ask('flood');
    await answer('flood');
    assert.equal(of('flood'), 10, 'all that waited');
    await answerAll();
    await flood;
  });

  it('reckons with a request under way, however old', async () => {
    const { ask, of, pass, answer, answerAll } = scene(4);
    const slow = ask('slow');
    pass(600_000);
    const flood = times(10, () => ask('flood'));
    assert.equal(of('flood'), 3);
    await answer('flood');
    assert.equal(of('flood'), 3);
    await answerAll();
    await Promise.all([slow, flood]);
  });

  it('a refusal is no measure of the pace, however quick', async () => {
    const paces: number[] = [];
    let now = 0;
    const limit = { ...fixed(4), answered: (tookMs: number) => paces.push(tookMs) };
    const endpoint = fairShare({ atOnce: () => limit, now: () => now })(async (_ctx, request) => {
      if (request === 'refused') throw new Error('refused');
      now += 20;
    });
    await assert.rejects(endpoint(background(), 'refused'), /refused/);
    await endpoint(background(), 'served');
    assert.deepEqual(paces, [20]);
  });

  it('serves the requests of one caller in the order in which they came', async () => {
    const begun: unknown[] = [];
    const endpoint = fairShare({ atOnce: () => fixed(2) })(async (_ctx, request) => {
      begun.push(request);
      await turnOfLoop();
    });
    const from = (caller: string) => withPrincipal(background(), stranger(caller));
    const other = endpoint(from('other'), -1);
    await Promise.all(Array.from({ length: 50 }, (_, n) => endpoint(from('a'), n)));
    await other;
    assert.deepEqual(begun, [-1, ...Array.from({ length: 50 }, (_, n) => n)]);
  });

  it('lets who leaves while it waits go at once, and does not begin its work', async () => {
    const { ask, underWay, answerAll } = scene(3);
    const other = ask('other');
    const first = times(2, () => ask('a'));
    const gone = new AbortController();
    const left = ask('a', gone.signal);
    const reason = new Error('left');
    gone.abort(reason);
    await assert.rejects(left, reason);
    await assert.rejects(ask('a', gone.signal), reason);
    assert.equal(underWay.length, 3);
    const last = ask('a');
    await answerAll();
    await Promise.all([other, first, last]);
  });

  it('refuses what is beyond the queue of its caller, with when to come back', async () => {
    const { ask, answerAll } = scene(2, 5);
    const other = ask('other');
    const all = times(2 + 5, () => ask('a'));
    await assert.rejects(ask('a'), { code: 'too_many_waiting', retryAfterMs: 1_000 });
    const another = ask('other');
    await answerAll();
    await Promise.all([all, other, another]);
  });

  it('a request that fails gives its place to the next', async () => {
    const endpoint = fairShare({ atOnce: () => fixed(2) })(() => Promise.reject(new Error('own')));
    const from = (caller: string) => withPrincipal(background(), stranger(caller));
    await assert.rejects(endpoint(from('other'), {}), /own/);
    for (let n = 0; n < 10; n++) await assert.rejects(endpoint(from('a'), {}), /own/);
  });

  it('whatever comes, is answered or leaves: nobody waits with less than a share, and all end', async () => {
    const steps = fc.array(
      fc.record({
        kind: fc.constantFrom('ask', 'ask', 'answer', 'leave', 'pass'),
        caller: fc.constantFrom('a', 'b', 'c'),
      }),
      { maxLength: 100 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const { ask, of, answer, pass, answerAll } = scene(6);
        const asked: { caller: string; gone: AbortController; done: boolean }[] = [];
        for (const { kind, caller } of all) {
          if (kind === 'ask') {
            const one = { caller, gone: new AbortController(), done: false };
            asked.push(one);
            ask(caller, one.gone.signal).then(
              () => {
                one.done = true;
              },
              () => {
                one.done = true;
              },
            );
          } else if (kind === 'answer') await answer(caller);
          else if (kind === 'leave') asked.find((one) => one.caller === caller)?.gone.abort();
          else pass(1_000);
          await turnOfLoop();
          for (const name of ['a', 'b', 'c']) {
            const open = asked.filter((one) => one.caller === name && !one.done).length;
            // Three callers at most: two each is the least share.
            assert.ok(of(name) >= Math.min(open, 2), `${name} has ${of(name)} of ${open}`);
          }
        }
        await answerAll();
        assert.ok(asked.every(({ done }) => done));
      }),
    );
  });
});
