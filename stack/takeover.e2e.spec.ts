/**
 * A primary of PostgreSQL goes, and Patroni makes a standby the next: orders that come all the
 * while are there afterwards, each once. Every commit waits for a standby.
 */
import assert from 'node:assert/strict';
import { type Patroni, startPatroni } from './patroni/patroni.ts';
import { databases } from './services.ts';
import { steadyOrders } from './testing/failover/steady-orders.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { createWaves, type Waves } from './testing/waves.ts';
import { testFolder } from './testing.ts';

const PER_SECOND = 100;
/** Longer than a takeover and what gathers meanwhile take. */
const patient = { PAYMENT_DEADLINE_MS: '300000', REVIEW_DEADLINE_MS: '300000' };

describe('three PostgreSQL servers under Patroni', function () {
  this.timeout(300_000);
  let patroni: Patroni;
  let stack: OrderStack;
  let waves: Waves;

  before(async function () {
    const started = await startPatroni({ folder: await testFolder() });
    if (typeof started === 'string') {
      console.log(`      skipped: ${started}`);
      return this.skip();
    }
    patroni = started;
    const own = Object.fromEntries(
      Object.entries(databases).map(([variable, name]) => [variable, patroni.url(name)]),
    );
    const environment = { sagacoordinator: patient };
    stack = await startOrderStack({ own, zipkin: false, environment });
    waves = createWaves(stack);
  });
  after(async () => {
    await stack?.stop();
    await patroni?.stop();
  });

  /** The harm is over when another server takes writes; then the one before follows it. */
  async function survives(kind: string, harm: (primary: string) => Promise<void>): Promise<void> {
    await patroni.whole();
    const before = await patroni.primary();
    assert.ok(before, 'one takes writes');
    const { httpUrl } = stack;
    const result = await steadyOrders(
      { httpUrl, perSecond: PER_SECOND, placed: waves.placed },
      () => harm(before),
    );
    const { accepted, failed, longestPauseMs, lastedMs } = result;
    const perSecond = Math.round(accepted / (lastedMs / 1_000));
    const seconds = (longestPauseMs / 1_000).toFixed(1);
    console.log(
      `      ${kind}: ${accepted} orders at ${perSecond} a second, none accepted for ${seconds} s at most, ${failed} asked again`,
    );
    assert.notEqual(await patroni.primary(), before);
    await waves.settled();
    await patroni.whole();
  }

  it('the primary is switched over by plan: every accepted order is there, once, and ends', () =>
    survives('switched over', async (primary) => {
      await patroni.switchOver();
      await patroni.successor(primary);
    }));

  it('the primary is killed: every accepted order is there, once, and ends', () =>
    survives('killed', async (primary) => {
      patroni.kill(primary);
      await patroni.successor(primary);
      await patroni.start(primary);
    }));

  it('the primary is frozen, and let go again when another has taken over: it is not believed', () =>
    survives('frozen', async (primary) => {
      patroni.freeze(primary);
      await patroni.successor(primary);
      patroni.thaw(primary);
    }));
});
