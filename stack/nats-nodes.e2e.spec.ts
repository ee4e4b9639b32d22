/** Three NATS servers that keep three copies: any one of them may go, and the stream goes on. */
import assert from 'node:assert/strict';
import { ORDERS_STREAM } from '../shared/contracts/subjects.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { createWaves, type Waves } from './testing/waves.ts';

const ORDERS = 150;
const NODES = ['NATS', 'NATS-2', 'NATS-3'];
/** What was answered while its server went comes again after this. */
const worker = { ACK_WAIT_MS: '1500' };

describe('three NATS servers', function () {
  this.timeout(120_000);
  let stack: OrderStack;
  let waves: Waves;

  before(async () => {
    stack = await startOrderStack({
      natsNodes: 3,
      zipkin: false,
      environment: { paymentworker: worker, reviewworker: worker, sagacoordinator: worker },
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
