import assert from 'node:assert/strict';
import fc from 'fast-check';
import { orderLimit } from './order-limit.ts';
import { unfinishedOrders } from './unfinished-orders.ts';

const defaults = { goalMs: 2_000, start: 1_000, least: 100 };
/** The time without a queue, from accepted to finished. */
const WAY_MS = 100;
const LOOK_MS = 200;
const STEP_MS = 10;

interface Placed {
  readonly caller: string;
  readonly id: string;
  readonly at: number;
  doneAt: number | undefined;
}

/** A system behind the limit that finishes orders one after the other, on a clock of its own. */
function simulation(options = defaults) {
  const limit = orderLimit(options);
  const orders = unfinishedOrders();
  const accepted: Placed[] = [];
  const refusedAt: number[] = [];
  const byId = new Map<string, Placed>();
  let now = 0;
  let next = 0;
  /** Work that the system may do by now, in orders; what is not used is lost. */
  let due = 0;

  function offer(caller = ''): boolean {
    const own = orders.of(caller);
    const callers = orders.callers() + (own === 0 ? 1 : 0);
    if (!limit.admits({ unfinished: orders.count(), own, callers }, now)) {
      refusedAt.push(now);
      return false;
    }
    const placed: Placed = { caller, id: `o${accepted.length}`, at: now, doneAt: undefined };
    accepted.push(placed);
    byId.set(placed.id, placed);
    orders.add(placed.id, now, caller);
    return true;
  }

  function look(): void {
    const done = new Set(orders.probes().filter((id) => byId.get(id)?.doneAt !== undefined));
    const finished = orders.finished(done);
    limit.looked({ nowMs: now, finished, ageMs: orders.ageMs(now) });
  }

  /** Lets time pass: `offered` orders and `finished` orders a second. */
  function run(ms: number, offered: number, finished: number): void {
    const until = now + ms;
    let coming = 0;
    while (now < until) {
      now += STEP_MS;
      for (coming += (offered * STEP_MS) / 1_000; coming >= 1; coming--) offer();
      due += (finished * STEP_MS) / 1_000;
      for (let one = accepted[next]; due >= 1; one = accepted[next]) {
        if (one === undefined || one.at + WAY_MS > now) {
          due = 0;
          break;
        }
        due--;
        one.doneAt = now;
        next++;
      }
      if (now % LOOK_MS === 0) look();
    }
  }

  const journeys = (fromMs: number, toMs: number) =>
    accepted
      .filter(({ at }) => at >= fromMs && at < toMs)
      .map(({ at, doneAt }) => (doneAt ?? Number.POSITIVE_INFINITY) - at);
  return {
    run,
    offer,
    limit,
    accepted,
    refusedAt,
    journeys,
    now: () => now,
    waiting: () => accepted.length - next,
  };
}

describe('the limit of unfinished orders', () => {
  it('refuses nobody while orders finish as fast as they come', () => {
    const paces = fc.record({
      offered: fc.integer({ min: 1, max: 800 }),
      spare: fc.double({ min: 1.05, max: 4, noNaN: true }),
    });
    fc.assert(
      fc.property(paces, ({ offered, spare }) => {
        const { run, refusedAt } = simulation();
        run(20_000, offered, offered * spare);
        assert.deepEqual(refusedAt, []);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps what was accepted near the goal at any multiple of what the system can do, and the system busy', () => {
    const paces = fc.record({
      able: fc.integer({ min: 60, max: 1_500 }),
      times: fc.double({ min: 1.3, max: 20, noNaN: true }),
    });
    fc.assert(
      fc.property(paces, ({ able, times }) => {
        const { run, journeys, accepted } = simulation();
        run(60_000, able * times, able);
        run(10_000, 0, able);
        const late = journeys(15_000, 60_000);
        assert.ok(Math.max(...late) < 1.6 * defaults.goalMs, `${Math.max(...late)} ms`);
        const used = late.length / 45 / able;
        assert.ok(used > 0.9, `${used} of what it could do`);
        assert.ok(accepted.every(({ doneAt }) => doneAt !== undefined));
      }),
      { numRuns: 30 },
    );
  });

  it('lets everybody have a share, whatever one caller floods it with', () => {
    const paces = fc.record({
      able: fc.integer({ min: 60, max: 1_500 }),
      times: fc.double({ min: 2, max: 20, noNaN: true }),
      others: fc.integer({ min: 1, max: 10 }),
    });
    fc.assert(
      fc.property(paces, ({ able, times, others }) => {
        const { run, offer, journeys, accepted } = simulation();
        // Until the first burst, which the limit to start with lets in, is worked off.
        run(25_000, able * times, able);
        let refused = 0;
        // Together a fifth of what the system can do: at the longest journeys no one has more than a share.
        const turns = Math.floor((able / 5) * 10);
        for (let turn = 0; turn < turns; turn++) {
          run(10_000 / turns, able * times, able);
          if (!offer(`other ${turn % others}`)) refused++;
        }
        run(20_000, 0, able);
        assert.equal(refused, 0);
        assert.ok(Math.max(...journeys(25_000, 35_000)) < 2.2 * defaults.goalMs);
        assert.ok(accepted.every(({ doneAt }) => doneAt !== undefined));
      }),
      { numRuns: 20 },
    );
  });

  it('does the same when all who were refused come back at once, as they were told', () => {
    const { run, journeys } = simulation();
    for (let second = 0; second < 60; second += 2) {
      run(200, 3_000, 250);
      run(1_800, 200, 250);
    }
    run(10_000, 0, 250);
    const late = journeys(15_000, 60_000);
    assert.ok(Math.max(...late) < 1.6 * defaults.goalMs, `${Math.max(...late)} ms`);
    assert.ok(late.length / 45 > 0.85 * 250, `${late.length / 45} a second`);
  });

  it('lets in a burst that an idle system works off in time', () => {
    const { run, offer, refusedAt, journeys } = simulation();
    run(10_000, 5, 300);
    for (let n = 0; n < 500; n++) offer();
    run(5_000, 5, 300);
    assert.deepEqual(refusedAt, []);
    assert.ok(Math.max(...journeys(0, 11_000)) < defaults.goalMs);
  });

  it('is not moved by a hiccup that is over soon after the goal', () => {
    const { run, refusedAt } = simulation();
    run(5_000, 200, 300);
    run(1.4 * defaults.goalMs, 200, 0);
    run(20_000, 200, 300);
    assert.deepEqual(refusedAt, []);
  });

  it('at a standstill soon lets in no more, and all again soon after it', () => {
    const { run, refusedAt, waiting, now, journeys } = simulation();
    run(5_000, 200, 400);
    run(20_000, 200, 0);
    const stuck = waiting();
    run(10_000, 200, 0);
    assert.equal(waiting(), stuck);
    assert.ok(stuck <= defaults.start, `${stuck}`);
    const resumed = now();
    run(20_000, 200, 400);
    const last = refusedAt.findLast((at) => at >= resumed) ?? resumed;
    assert.ok(last - resumed < 5_000, `refused for ${last - resumed} ms more`);
    assert.ok(Math.max(...journeys(resumed + 5_000, resumed + 19_000)) < 1_000);
  });

  it('refuses nobody who orders now and then at a standstill', () => {
    const { run, refusedAt } = simulation();
    run(60_000, 1, 0);
    assert.deepEqual(refusedAt, []);
  });

  it('three times what it can do, and then half of it: orders are as quick as ever within five seconds', () => {
    const { run, refusedAt, journeys, now } = simulation();
    run(30_000, 900, 300);
    const calm = now();
    run(15_000, 150, 300);
    assert.ok(Math.max(...refusedAt) < calm + 5_000);
    assert.ok(Math.max(...journeys(calm + 5_000, calm + 14_000)) < 2 * WAY_MS);
  });
});
