/** Two processes of each service: each is stopped and started in turn, and no customer minds. */
import assert from 'node:assert/strict';
import { eventually } from '../shared/testing/eventually.ts';
import { harmed } from './chaos/deck.ts';
import { type OneAddress, oneAddress } from './testing/one-address.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { journeys, ordersDuring, runLine } from './testing/steady-orders.ts';
import { createWaves } from './testing/waves.ts';

/** A second. A slow machine has them later, and says how many there were. */
const RATE = 100;
/** An order that waits longer is cancelled, and then not all are approved. */
const deadlines = { PAYMENT_DEADLINE_MS: '20000', REVIEW_DEADLINE_MS: '20000' };

describe('two processes of each service', function () {
  this.timeout(300_000);
  let stack: OrderStack;
  let front: OneAddress;

  before(async () => {
    stack = await startOrderStack({
      zipkin: false,
      instances: Object.fromEntries(harmed.map(({ name }) => [name, 2])),
      environment: { sagacoordinator: deadlines },
    });
    front = await oneAddress(stack.httpUrls);
  });
  after(async () => {
    await front?.stop();
    await stack?.stop();
  });

  it('each is restarted in turn while orders come: one repeat is enough for every customer, and no order is late', async () => {
    const waves = createWaves(stack);
    assert.equal(stack.addresses.EVENTSTORE_ADDRESS.split(',').length, 2, 'both stores are told');
    assert.equal(stack.processes.length, 2 * harmed.length);
    const report = await ordersDuring(front.url, RATE, async (accepted) => {
      for (const name of stack.processes) {
        const before = accepted();
        const pid = stack.unit(name).process?.pid;
        await stack.restart(name);
        assert.notEqual(stack.unit(name).process?.pid, pid);
        // The next goes only when orders are seen to come with this one back.
        await eventually('orders come', () => accepted() > before, 30_000);
      }
    });
    assert.deepEqual(report.failed, []);
    for (const { orderId, amountMinor } of report.accepted) waves.placed(orderId, amountMinor);
    await waves.settled();
    console.log(`      ${runLine(report, await journeys(stack, report.accepted))}`);
    if (report.repeated.length > 0) console.log(`      ${counted(report.repeated)}`);
  });
});

/** How often each first answer was. */
function counted(answers: readonly string[]): string {
  const kinds = Map.groupBy(answers, (text) => /"code":"(\w+)"/.exec(text)?.[1] ?? text);
  return [...kinds].map(([kind, all]) => `${all.length} × ${kind}`).join(', ');
}
