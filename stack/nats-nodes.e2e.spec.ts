/** Three NATS servers that keep three copies: any one of them may go, and the stream goes on. */
import assert from 'node:assert/strict';
import { durables, ORDERS_STREAM } from '../shared/contracts/subjects.ts';
import { complete, streamCopies } from '../shared/kit/transport/jetstream/stream-copies.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { journeys, ordersDuring, runLine } from './testing/steady-orders.ts';
import { createWaves, type Waves } from './testing/waves.ts';

const ORDERS = 150;
const NODES = ['NATS', 'NATS-2', 'NATS-3'];
/** What was answered while its server went comes again after this. */
const worker = { ACK_WAIT_MS: '1500' };
/** An order that waits longer is cancelled, and then not all are approved. */
const deadlines = { PAYMENT_DEADLINE_MS: '20000', REVIEW_DEADLINE_MS: '20000' };
/** A second. A slow machine has them later, and says how many there were. */
const RATE = 100;
/** Both ways around, so that leaders move. */
const TURNS = [...NODES, ...NODES.toReversed()];

describe('three NATS servers', function () {
  this.timeout(240_000);
  let stack: OrderStack;
  let waves: Waves;

  before(async () => {
    stack = await startOrderStack({
      natsNodes: 3,
      zipkin: false,
      environment: {
        paymentworker: worker,
        reviewworker: worker,
        sagacoordinator: { ...worker, ...deadlines },
      },
    });
    waves = createWaves(stack);
  });
  after(() => stack?.stop());

  const cluster = async () => {
    const manager = await stack.nats.jetstreamManager({ checkAPI: false });
    const info = await manager.streams.info(ORDERS_STREAM);
    return { replicas: info.config.num_replicas, leader: info.cluster?.leader };
  };

  const leader = () => eventually('the stream has a leader', async () => (await cluster()).leader);

  it('keep three copies, and each is killed in turn, the leader among them: every order ends, once', async () => {
    assert.equal((await cluster()).replicas, 3);
    const { failed } = await waves.wave(ORDERS, async (progress) => {
      for (const [index, victim] of [await leader(), ...NODES].entries()) {
        await progress.accepted(0.2 * (index + 1));
        const { process } = stack.unit(victim);
        stack.kill(victim);
        await process?.exited;
        await eventually(`${victim} runs again`, () => stack.unit(victim).process, 30_000);
      }
    });
    assert.equal(failed, 0, 'customers notice nothing');
  });

  /** The stream, and each durable that works, have three copies with everything. */
  const allCurrent = () =>
    eventually(
      'three copies are current',
      async () => {
        const { payment, review } = durables;
        const found = await streamCopies(stack.nats, ORDERS_STREAM, [payment, review]);
        if (found === undefined || found.durables.length < 2) return false;
        return [found, ...found.durables].every((one) => one.replicas === 3 && complete(one));
      },
      60_000,
    );

  it('are restarted one after the other while orders come: no customer asks twice, and no order is late', async () => {
    const report = await ordersDuring(stack.httpUrl, RATE, async () => {
      for (const name of TURNS) {
        await stack.restart(name);
        await allCurrent();
      }
    });
    assert.deepEqual([report.failed, report.repeated], [[], []]);
    for (const { orderId, amountMinor } of report.accepted) waves.placed(orderId, amountMinor);
    await waves.settled();
    console.log(`      ${runLine(report, await journeys(stack, report.accepted))}`);
  });

  it('two of three away: orders are taken, and end when one of them is back', async () => {
    const { failed } = await waves.wave(ORDERS, async (progress) => {
      const [first = '', second = ''] = NODES.filter((name) => name !== 'NATS');
      await progress.accepted(0.2);
      await Promise.all([stack.unit(first).stop(), stack.unit(second).stop()]);
      await progress.accepted(1);
      await stack.unit(first).start();
      await stack.unit(second).start();
    });
    assert.equal(failed, 0, 'customers notice nothing');
  });
});
