/**
 * Two releases side by side: each service is replaced by the next release and back, and no
 * customer minds. It offers 100 orders a second for minutes, and a busy machine fails it, so
 * it runs only if it is asked for: `ROLLING_UPGRADE=true npx mocha stack/rolling-upgrade.e2e.spec.ts`.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, section } from '../docs/markdown.ts';
import { eventTypes } from '../shared/contracts/events.ts';
import { durables, ORDERS_STREAM, orderAggregate } from '../shared/contracts/subjects.ts';
import type { ParkedLetter } from '../shared/eventstore/dead-letters.ts';
import { newId } from '../shared/eventstore/ids.ts';
import { background } from '../shared/kit/context.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { harmed } from './chaos/deck.ts';
import { bootstrapper } from './services.ts';
import { type OneAddress, oneAddress } from './testing/one-address.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import {
  asTheOneAfter,
  isSoldOut,
  makeNextRelease,
  type Release,
  SOLD_OUT,
  thisRelease,
} from './testing/releases/next-release.ts';
import { type ReleaseOfEach, releaseOfEach } from './testing/releases/release-of-each.ts';
import { journeys, ordersDuring, runLine } from './testing/steady-orders.ts';
import { testFolder } from './testing.ts';

/** A second. A slow machine has them later, and says how many there were. */
const RATE = 100;
/** An order that waits longer is cancelled. The audit is told, too. */
const deadlines = { PAYMENT_DEADLINE_MS: '20000', REVIEW_DEADLINE_MS: '20000' };
/** Parked after some seconds, so that the test need not wait for minutes. */
const soon = { MAX_DELIVER: '12', RETRY_DELAYS_MS: '100,200,400' };
const WITHIN_MS = 60_000;
const ctx = background();

/** As docs/operations.md says. */
function orderOfUpgrade(): readonly string[] {
  const text = section(readFileSync(join(root, 'docs/operations.md'), 'utf8'), 'Upgrade');
  const [, list = ''] = /in this order: (.*?)[.]/.exec(text) ?? [];
  return [...list.matchAll(/`([a-z]+)`/g)].map(([, name = '']) => name);
}

describe('two releases', function () {
  this.timeout(600_000);
  let stack: OrderStack;
  let front: OneAddress;
  let each: ReleaseOfEach;
  let next: Release;

  before(async function () {
    if (process.env.ROLLING_UPGRADE !== 'true') {
      console.log('      skipped: set ROLLING_UPGRADE=true on a machine that does nothing else');
      this.skip();
    }
    next = await makeNextRelease(await testFolder());
    each = releaseOfEach(await testFolder(), thisRelease);
    stack = await startOrderStack({
      zipkin: false,
      instances: Object.fromEntries(harmed.map(({ name }) => [name, 2])),
      environment: { sagacoordinator: deadlines, reviewworker: soon },
      servicesDir: each.servicesDir,
    });
    front = await oneAddress(stack.httpUrls);
  });
  after(async () => {
    await front?.stop();
    await stack?.stop();
  });

  const versionOf = async (name: string) => {
    const metrics = await (await fetch(`${stack.adminUrls[name]}/metrics`)).text();
    return /^build_info\{.*service_version="(.*?)"/m.exec(metrics)?.[1];
  };

  async function migrate(release: Release): Promise<void> {
    each.use(bootstrapper.name, release);
    await stack.bootstrap();
  }

  /** The processes of these services, one by one. */
  async function replace(services: readonly string[], release: Release, accepted: () => number) {
    for (const service of services) {
      each.use(service, release);
      for (const name of [service, `${service}-2`]) {
        const before = accepted();
        await stack.restart(name);
        assert.equal(await versionOf(name), release.version, name);
        // The next goes only when orders are seen to come with this one back.
        await eventually('orders come', () => accepted() > before, WITHIN_MS);
      }
    }
  }

  function ordersctl({ folder }: Release, ...args: string[]) {
    const env = {
      ...process.env,
      ...stack.addresses,
      ...deadlines,
      ORDERS_URL: front.url,
      CREDENTIALS_DIR: stack.credentialsDir,
    };
    return new Promise<{ code: unknown; said: string }>((resolve) => {
      const cli = join(folder, 'cli/ordersctl.js');
      execFile(process.execPath, [cli, ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, said: `${stdout}${stderr}` }),
      );
    });
  }

  const audited = (release: Release) =>
    eventually(
      'the books are right',
      async () => {
        const { code, said } = await ordersctl(release, 'audit');
        if (code !== 0) throw new Error(said);
        return true;
      },
      WITHIN_MS,
    );

  const parked = () => stack.store.deadLetters(ctx, { state: 'parked', limit: 1_000 });

  /** All that was left to the release that answers it, as an operator has it replayed. */
  async function replayed(): Promise<number> {
    const seen = new Set<bigint>();
    await eventually(
      'each letter is answered',
      async () => {
        const left = await parked();
        for (const letter of left) {
          assert.equal(letter.reason, 'type_not_answered', letter.lastError);
          seen.add(letter.position);
          await stack.store.requestReplay(ctx, letter);
        }
        const asked = await stack.store.deadLetters(ctx, { state: 'requested', limit: 1 });
        return left.length + asked.length === 0;
      },
      WITHIN_MS,
    );
    return seen.size;
  }

  /** Events of orders, by order. */
  async function eventsByOrder() {
    const all = [];
    for await (const events of await stack.store.batches(ctx, {})) all.push(...events);
    return Map.groupBy(all, ({ aggregateId }) => aggregateId);
  }

  /** What a program of others reports that is ahead of this release. */
  async function reportedEarly(): Promise<readonly string[]> {
    const orderIds = await eventually('some are approved', async () => {
      const rows = await stack.ordersdb<{ id: string }[]>`
        select order_id as id from orders where status = 'Approved' limit 5`;
      return rows.length === 5 && rows.map(({ id }) => id);
    });
    for (const orderId of orderIds) {
      const data = JSON.stringify({ order_id: orderId, item: 'pizza' });
      const event = { eventType: SOLD_OUT, eventId: newId(), metadata: {}, data };
      await stack.store.append(ctx, { events: [{ ...event, ...orderAggregate(orderId) }] });
    }
    return orderIds;
  }

  const enteredByNext = async () => {
    const [counted] = await stack.paymentsdb`
      select count(*)::int4 as lines from ledger where entered_by = 'next release'`;
    return Number(counted?.lines);
  };

  it('side by side: each service is replaced by the next release and back, and each order ends once', async () => {
    const order = orderOfUpgrade();
    assert.deepEqual([...order].sort(), harmed.map(({ name }) => name).sort());
    let early: readonly string[] = [];
    let leftToNext = 0;
    let lines = 0;
    const forward = await ordersDuring(front.url, RATE, async (accepted) => {
      early = await reportedEarly();
      await migrate(next);
      await replace(order, next, accepted);
    });
    leftToNext = await replayed();
    // The projection of before has passed them, and the next release sees them in the rows.
    const before = await ordersctl(next, 'audit');
    assert.equal(before.code, 5, before.said);
    for (const orderId of early) assert.match(before.said, new RegExp(orderId));
    const rebuilt = await ordersctl(next, 'read-model', 'rebuild');
    assert.equal(rebuilt.code, 0, rebuilt.said);
    await audited(next);
    lines = await enteredByNext();
    assert.ok(lines > 0, 'the next release writes the column');

    const backward = await ordersDuring(front.url, RATE, async (accepted) => {
      await replace(order.toReversed(), thisRelease, accepted);
      // The schema stays, and this release starts on it as a whole, too.
      await migrate(thisRelease);
      assert.ok((await enteredByNext()) >= lines);
      // A release later, when nobody wants back, what is not needed goes.
      await asTheOneAfter(next, () => migrate(next));
      const had = accepted();
      await eventually('orders come', () => accepted() > had + RATE, WITHIN_MS);
    });
    await assert.rejects(migrate(next), /has taken away from paymentsdb what this one needs/);
    const back = await ordersctl(thisRelease, 'read-model', 'rebuild');
    assert.equal(back.code, 0, back.said);
    const report = {
      accepted: [...forward.accepted, ...backward.accepted],
      failed: [...forward.failed, ...backward.failed],
      repeated: [...forward.repeated, ...backward.repeated],
    };
    assert.deepEqual(report.failed, []);

    const byOrder = await eventually(
      'each order has ended, and its money is where it belongs',
      async () => {
        const { orders, discrepancies } = await stack.audit();
        assert.deepEqual(discrepancies, []);
        return orders.open === 0 && orders.accepted === orders.ended && eventsByOrder();
      },
      WITHIN_MS,
    );
    assert.equal(byOrder.size, report.accepted.length);
    const ends: readonly string[] = [
      eventTypes.approved,
      eventTypes.rejected,
      eventTypes.cancelled,
      eventTypes.paymentfailed,
    ];
    let soldOut = 0;
    for (const { orderId } of report.accepted) {
      const events = byOrder.get(orderId) ?? [];
      const ended = events.filter(({ eventType }) => ends.includes(eventType));
      const isReported = events.some(({ eventType }) => eventType === SOLD_OUT);
      const wanted = isReported && !early.includes(orderId) ? 'cancelled' : 'approved';
      assert.deepEqual(
        ended.map(({ eventType }) => eventType),
        [eventTypes[wanted]],
        JSON.stringify(events.map(({ eventType }) => eventType)),
      );
      if (wanted === 'cancelled') soldOut += 1;
      if (wanted === 'cancelled') assert.ok(isSoldOut(itemOf(events[0]?.data)), orderId);
    }
    assert.ok(soldOut > 0, 'the next release writes its event');

    // What the last process of the next release wrote and did not answer waits for that release, or for a person.
    const unanswered = await eventually(
      'each is parked',
      async () => (await pending()) === 0 && parked(),
      WITHIN_MS,
    );
    for (const letter of unanswered) await close(letter);
    await audited(thisRelease);
    for (const run of [forward, backward]) {
      console.log(`      ${runLine(run, await journeys(stack, run.accepted))}`);
    }
    console.log(
      `      ${soldOut} sold out, ${leftToNext} of these left to the next release, ${unanswered.length} to a person; ${lines} lines with the new column`,
    );
  });

  /** Messages that the review worker's durable has delivered and nobody has answered. */
  async function pending(): Promise<number> {
    const manager = await stack.nats.jetstreamManager();
    return (await manager.consumers.info(ORDERS_STREAM, durables.review)).num_ack_pending;
  }

  async function close(letter: ParkedLetter): Promise<void> {
    assert.equal(letter.reason, 'type_not_answered', letter.lastError);
    await stack.store.closeLetter(ctx, { ...letter, reason: 'its order has ended' });
  }
});

/** The first item that an order is about. */
const itemOf = (data = '{}'): string => JSON.parse(data).order_items?.[0]?.name ?? '';
