/** Of two coordinators one follows the log; the other takes over when that is killed, stopped or frozen. */
import assert from 'node:assert/strict';
import { background } from '../shared/kit/context.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { orderHands, shortDeadlines } from './testing/order-hands.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';

const TAKEN_OVER_MS = 20_000;

describe('two coordinators', function () {
  this.timeout(120_000);
  let stack: OrderStack;
  let hands: ReturnType<typeof orderHands>;

  before(async () => {
    stack = await startOrderStack({
      zipkin: false,
      instances: { sagacoordinator: 2 },
      environment: { sagacoordinator: shortDeadlines },
    });
    hands = orderHands(stack);
  });
  after(() => stack?.stop());

  /** The holder of the lease, by the database. */
  async function holder(): Promise<string | undefined> {
    const [row] = await stack.sagadb<{ holder: string }[]>`
      select holder from leases where name = 'saga-coordinator' and until > now()`;
    return row?.holder;
  }
  const names = ['sagacoordinator', 'sagacoordinator-2'];

  /** The name of the instance that follows, by its own metrics. */
  const active = () =>
    eventually(
      'one follows',
      async () => {
        for (const name of names) {
          const text = await fetch(`${stack.adminUrls[name]}/metrics`, {
            signal: AbortSignal.timeout(2_000),
          }).then(
            (answer) => answer.text(),
            () => '',
          );
          if (/^follower_active\{[^}]*\} 1/m.test(text)) return name;
        }
        return undefined;
      },
      TAKEN_OVER_MS,
    );

  async function anotherHoldsIt(before: string | undefined): Promise<void> {
    await eventually(
      'the other has the turn',
      async () => {
        const now = await holder();
        return now !== undefined && now !== before;
      },
      TAKEN_OVER_MS,
    );
  }

  /** Only the coordinator asks for its void. */
  async function anOrderIsRefunded(): Promise<void> {
    const id = await hands.place({ restaurant: 'demo-closed' });
    await hands.untilItIs(id, 'Rejected', 'voided');
  }

  it('one that is killed is replaced by the other', async () => {
    const before = await holder();
    assert.ok(before, 'one has the turn');
    stack.kill(await active());
    await anotherHoldsIt(before);
    await anOrderIsRefunded();
  });

  it('one that is frozen is replaced by the other, and does no harm when it goes on', async () => {
    const before = await holder();
    const name = await active();
    stack.kill(name, 'SIGSTOP');
    await anotherHoldsIt(before);
    await anOrderIsRefunded();
    stack.kill(name, 'SIGCONT');
    await anOrderIsRefunded();
    const types = (await stack.store.read(background(), { limit: 1_000 })).events.map(
      ({ aggregateId, eventType }) => `${aggregateId} ${eventType}`,
    );
    assert.equal(new Set(types).size, types.length, 'nothing is there twice');
  });

  it('one that stops in order gives its turn to the other at once', async () => {
    const before = await holder();
    const name = await active();
    await stack.unit(name).stop();
    await anotherHoldsIt(before);
    await anOrderIsRefunded();
    await stack.unit(name).start();
  });
});
