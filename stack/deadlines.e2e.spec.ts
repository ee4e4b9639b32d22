/** Deadlines measure silent workers: whatever is away for three times as long, no order that waited for it is cancelled. */
import { eventually } from '../shared/testing/eventually.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { createWaves, type Waves } from './testing/waves.ts';

const DEADLINE_MS = 4_000;
const AWAY_MS = 3 * DEADLINE_MS;
const deadlines = { PAYMENT_DEADLINE_MS: `${DEADLINE_MS}`, REVIEW_DEADLINE_MS: `${DEADLINE_MS}` };
/** What nobody answered comes again soon enough for these deadlines, as it does by default for a minute's. */
const worker = { ACK_WAIT_MS: '1500', RETRY_DELAYS_MS: '100,500,1500' };
const ORDERS = 240;
/** Six seconds for all of them: the queue alone is longer than the deadline. */
const slow = { MAX_IN_FLIGHT: '8', SIMULATED_DELAY_MS: '200' };

describe('deadlines', function () {
  this.timeout(120_000);
  let stack: OrderStack;
  let waves: Waves;

  before(async () => {
    stack = await startOrderStack({
      environment: {
        paymentworker: { ...worker, ...slow },
        reviewworker: worker,
        sagacoordinator: { ...worker, ...deadlines },
      },
    });
    waves = createWaves(stack);
  });
  after(() => stack?.stop());

  /** Resolves when it has lasted so long, by a clock that nobody sets. */
  async function lasted(ms: number): Promise<void> {
    const began = performance.now();
    await eventually(`${ms} ms`, () => performance.now() - began >= ms, 2 * ms);
  }

  /** Places the orders while `server` is stopped, for three times the deadline in all. */
  async function withoutIt(server: string): Promise<void> {
    await stack.unit(server).stop();
    await waves.wave(ORDERS, async (progress) => {
      await progress.accepted(1);
      await lasted(AWAY_MS);
      await stack.unit(server).start();
    });
  }

  it('240 orders accepted while the broker is away for three times the deadline: none is cancelled', () =>
    withoutIt('NATS'));

  for (const name of ['paymentworker', 'reviewworker', 'sagacoordinator']) {
    it(`the same while ${name} is stopped`, () => withoutIt(name));
  }

  it('orders under way when the event store goes for three times the deadline are approved when it is back', () =>
    waves.wave(ORDERS, async (progress) => {
      await progress.accepted(0.5);
      await stack.unit('eventstoresvc').stop();
      await lasted(AWAY_MS);
      await stack.unit('eventstoresvc').start();
    }));

  it('a worker that is frozen with orders in its hands, and sees to them in time, loses none', () =>
    waves.wave(ORDERS, async (progress) => {
      await progress.accepted(0.3);
      const { process: frozen } = stack.unit('paymentworker');
      frozen?.kill('SIGSTOP');
      await lasted(DEADLINE_MS / 2);
      frozen?.kill('SIGCONT');
    }));
});
