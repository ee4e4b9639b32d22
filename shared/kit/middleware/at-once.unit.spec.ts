import assert from 'node:assert/strict';
import fc from 'fast-check';
import { atOnceByPace } from './at-once.ts';

const STEP_MS = 2;

/**
 * What answers up to `able` requests at once in `wayMs`, and more of them the slower, as
 * processors do; with as many requests as the limit lets in, at most `wanted`.
 */
function simulation() {
  const limit = atOnceByPace();
  let now = 0;
  let underWay: { readonly since: number; left: number }[] = [];
  return {
    limit,
    run(ms: number, { able, wayMs, wanted }: { able: number; wayMs: number; wanted: number }) {
      const seen = { least: Number.POSITIVE_INFINITY, most: 0 };
      for (const until = now + ms; now < until; now += STEP_MS) {
        const most = limit.current();
        if (wanted > most) limit.reached();
        while (underWay.length < Math.min(wanted, most)) underWay.push({ since: now, left: wayMs });
        const pace = Math.min(1, able / underWay.length);
        for (const one of underWay) one.left -= STEP_MS * pace;
        for (const { since } of underWay.filter(({ left }) => left <= 0)) {
          limit.answered(now + STEP_MS - since, now + STEP_MS);
        }
        underWay = underWay.filter(({ left }) => left > 0);
        seen.least = Math.min(seen.least, most);
        seen.most = Math.max(seen.most, most);
      }
      return seen;
    },
  };
}

describe('how many at once', () => {
  it('goes near to what is answered without getting slower, and stays there', () => {
    const systems = fc.record({
      able: fc.integer({ min: 1, max: 100 }),
      wayMs: fc.integer({ min: 20, max: 100 }),
    });
    fc.assert(
      fc.property(systems, ({ able, wayMs }) => {
        const { run } = simulation();
        const all = { able, wayMs, wanted: 1_000 };
        // Alone at first, as most callers are.
        run(5_000, { ...all, wanted: 1 });
        run(60_000, all);
        const { least, most } = run(60_000, all);
        assert.ok(most <= Math.ceil(able * 1.6) + 4, `${most} of ${able}`);
        assert.ok(least >= Math.floor(able * 0.6), `${least} of ${able}`);
      }),
      { numRuns: 50 },
    );
  });

  it('does not grow while nobody wants more', () => {
    const { run, limit } = simulation();
    run(60_000, { able: 100, wayMs: 20, wanted: 3 });
    assert.equal(limit.current(), 4);
  });

  it('gets less when what is behind gets slower, and never less than one', () => {
    const { run, limit } = simulation();
    run(60_000, { able: 50, wayMs: 20, wanted: 1_000 });
    assert.ok(limit.current() >= 30);
    run(20_000, { able: 1, wayMs: 20, wanted: 1_000 });
    assert.ok(limit.current() <= 2);
    run(20_000, { able: 0.1, wayMs: 20, wanted: 1_000 });
    assert.equal(limit.current(), 1);
  });

  it('takes a pace that stays slow for the usual one after some minutes', () => {
    const { run, limit } = simulation();
    run(30_000, { able: 20, wayMs: 20, wanted: 1_000 });
    run(10_000, { able: 20, wayMs: 100, wanted: 1_000 });
    assert.equal(limit.current(), 1);
    run(900_000, { able: 20, wayMs: 100, wanted: 1_000 });
    assert.ok(limit.current() >= 10, `${limit.current()}`);
  });

  it('judges by no single answer', () => {
    const limit = atOnceByPace();
    for (let n = 1; n <= 200; n++) limit.answered(10, n * 25);
    limit.answered(10_000, 5_001);
    assert.equal(limit.current(), 4);
  });
});
