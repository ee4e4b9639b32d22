/** The saga's promises, tried from outside with two of each worker: every order ends, and the money is right. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RecordedEvent } from '../shared/eventstore/event-store.ts';
import { background } from '../shared/kit/context.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { spanTrees, treeText } from '../shared/testing/zipkin/spans.ts';
import { zipkinTrace } from '../shared/testing/zipkin/zipkin-api.ts';
import {
  AMOUNT_MINOR,
  ENDS_WITHIN_MS,
  givenBack,
  hasty,
  kept,
  only,
  orderHands,
  shortDeadlines,
  typesOf,
} from './testing/order-hands.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url));

describe('the saga of an order', function () {
  this.timeout(60_000);
  const ctx = background();
  let stack: OrderStack;
  let hands: ReturnType<typeof orderHands>;

  before(async () => {
    stack = await startOrderStack({
      instances: { paymentworker: 2, reviewworker: 2, sagacoordinator: 2, querymodelworker: 2 },
      environment: { paymentworker: hasty, sagacoordinator: shortDeadlines },
    });
    hands = orderHands(stack);
    assert.ok(await stack.zipkinReady, 'Zipkin did not start; a line above says why');
  });
  after(() => stack?.stop());

  it('a rejected order is paid back, in the trace of its submission, and its story can be told', async () => {
    assert.ok(stack.zipkinUrl);
    const traceId = randomBytes(16).toString('hex');
    const caller = randomBytes(8).toString('hex');
    const id = await hands.place(
      { restaurant: 'demo-closed' },
      { traceparent: `00-${traceId}-${caller}-01` },
    );
    const { reason } = await hands.untilItIs(id, 'Rejected', 'voided');
    assert.equal(reason, 'restaurant demo-closed takes no orders');
    assert.deepEqual(await hands.ledgerOf(id), [givenBack]);
    assert.deepEqual(typesOf(await hands.eventsOf(id)), [
      'created',
      'paymentdebited',
      'rejected',
      'voidrequested',
      'paymentvoided',
    ]);

    const wanted = [
      'reviewworker: orders.paymentdebited process [CONSUMER]',
      'reviewworker: review_order [INTERNAL]',
      'reviewworker: eventstore.eventstore/appendevents [CLIENT]',
      // From the log itself, and not from its publication.
      'sagacoordinator: orders.rejected process [CONSUMER]',
      'sagacoordinator: follow_order [INTERNAL]',
      'sagacoordinator: eventstore.eventstore/appendevents [CLIENT]',
      'eventstoresvc: orders.voidrequested publish [PRODUCER]',
      'paymentworker: orders.voidrequested process [CONSUMER]',
      'paymentworker: void_payment [INTERNAL]',
      'paymentworker: eventstore.eventstore/appendevents [CLIENT]',
      'eventstoresvc: orders.paymentvoided publish [PRODUCER]',
    ];
    const spans = await zipkinTrace(
      stack.zipkinUrl,
      traceId,
      (seen) => {
        const ids = new Set([caller, ...seen.map((span) => span.id)]);
        const names = new Set(seen.map((s) => `${s.service}: ${s.name} [${s.kind}]`));
        return (
          seen.every(({ parentId }) => ids.has(parentId ?? '')) &&
          wanted.every((name) => names.has(name))
        );
      },
      20_000,
    );
    const roots = spanTrees(spans, caller);
    assert.equal(roots.length, 1, 'there is one root, the request');
    // Each caused the next: the wanted spans lie on one branch, in this order.
    const byId = new Map(spans.map((span) => [span.id, span]));
    const branch: string[] = [];
    const voided = only(spans, ({ name }) => name === 'orders.paymentvoided publish');
    for (let span: typeof voided | undefined = voided; span; span = byId.get(span.parentId ?? ''))
      branch.unshift(`${span.service}: ${span.name} [${span.kind}]`);
    const onBranch = branch.slice(branch.indexOf(wanted[0] ?? ''));
    assert.deepEqual(
      onBranch.filter((line) => !/^eventstoresvc: (append|.*appendevents) /.test(line)),
      wanted,
      treeText(roots),
    );

    // Rejects unless it ends with exit code 0.
    const { stdout } = await promisify(execFile)(process.execPath, [main, 'explain', id], {
      env: {
        ...process.env,
        ...shortDeadlines,
        EVENTSTORE_ADDRESS: stack.addresses.EVENTSTORE_ADDRESS,
        CREDENTIALS_DIR: stack.credentialsDir,
        ZIPKIN_URL: stack.zipkinUrl,
      },
      timeout: 20_000,
    });
    for (const phrase of [
      `order ${id} is Rejected (restaurant demo-closed takes no orders), payment voided`,
      'ordered at restaurant demo-closed: 2 × Pizza; 24.70 in total',
      'took 24.70 (payment ',
      'rejected the order: restaurant demo-closed takes no orders',
      'requested a refund',
      'refunded the money (payment ',
      'The payment was settled',
      'It has ended and waits for nothing',
      `trace ${stack.zipkinUrl}/zipkin/traces/${traceId}`,
    ]) {
      assert.ok(stdout.includes(phrase), `"${phrase}" is not told in:\n${stdout}`);
    }
  });

  it('a customer cancels while the restaurant thinks: paid back, and too late to be approved', async () => {
    const id = await hands.place({ restaurant: 'demo-manual' });
    await hands.untilItIs(id, 'Paid', 'debited');
    const cancelled = { http: 200, status: 'Cancelled', code: undefined };
    assert.deepEqual(await hands.decide(id, 'cancel'), cancelled);
    assert.deepEqual(await hands.decide(id, 'cancel'), cancelled, 'a second time is no error');
    const { http, code } = await hands.decide(id, 'approve');
    assert.deepEqual([http, code], [409, 'order_ended']);
    await hands.untilItIs(id, 'Cancelled', 'voided');
    assert.deepEqual(await hands.decide(id, 'cancel'), cancelled);
    assert.deepEqual(await hands.ledgerOf(id), [givenBack]);
  });

  it('a restaurant that approves in time keeps the money, and its deadline has no effect', async () => {
    const id = await hands.place({ restaurant: 'demo-manual' });
    await hands.untilItIs(id, 'Paid', 'debited');
    assert.deepEqual(await hands.decide(id, 'approve'), {
      http: 200,
      status: 'Approved',
      code: undefined,
    });
    const { http, code } = await hands.decide(id, 'cancel');
    assert.deepEqual([http, code], [409, 'order_ended']);
    // A neighbour that nobody decides about is due later: when it is ended, this one's time is over too.
    const neighbour = await hands.place({ restaurant: 'demo-manual' });
    const { reason } = await hands.untilItIs(neighbour, 'Cancelled', 'voided');
    assert.equal(reason, 'review_deadline');
    assert.deepEqual(typesOf(await hands.eventsOf(id)), ['created', 'paymentdebited', 'approved']);
    assert.deepEqual(await hands.ledgerOf(id), [kept]);
  });

  it('of a cancellation and an approval at once exactly one wins, the other is told, and the money follows', async () => {
    const race = async (cancelFirst: boolean) => {
      const id = await hands.place({ restaurant: 'demo-manual' });
      await hands.untilItIs(id, 'Paid', 'debited');
      const order = cancelFirst
        ? (['cancel', 'approve'] as const)
        : (['approve', 'cancel'] as const);
      const answers = await Promise.all(order.map((decision) => hands.decide(id, decision)));
      const winner = only(answers, ({ http }) => http === 200);
      const loser = only(answers, (answer) => answer !== winner);
      assert.deepEqual([loser.http, loser.code], [409, 'order_ended']);
      const won = winner.status === 'Approved';
      assert.equal(order[answers.indexOf(winner)], won ? 'approve' : 'cancel');
      await hands.untilItIs(id, winner.status, won ? 'debited' : 'voided');
      assert.deepEqual(await hands.ledgerOf(id), [won ? kept : givenBack]);
    };
    await Promise.all(Array.from({ length: 30 }, (_, n) => race(n % 2 === 0)));
  });

  it('200 orders of all kinds: each ends as it must, and money is kept for the approved ones only', async () => {
    const before = await stack.store.head(ctx);
    const kinds = {
      approved: { wish: {}, ends: 'Approved debited' },
      declined: { wish: { customer: 'demo-declined' }, ends: 'PaymentFailed failed' },
      rejected: { wish: { restaurant: 'demo-closed' }, ends: 'Rejected voided' },
      cancelled: { wish: { restaurant: 'demo-manual' }, ends: 'Cancelled voided' },
      undecided: { wish: { restaurant: 'demo-manual' }, ends: 'Cancelled voided' },
      unpaid: { wish: { customer: 'demo-unpaid' }, ends: 'Cancelled voided' },
    } as const;
    const usual = ['approved', 'declined', 'rejected', 'cancelled', 'undecided'] as const;
    // Three unpaid ones: more failures in a row would open the gateway's circuit for all.
    const mixed = Array.from({ length: 200 }, (_, n) =>
      n % 80 === 0 ? 'unpaid' : (usual[n % usual.length] ?? 'approved'),
    );
    const expected = new Map<string, string>();
    await Promise.all(
      mixed.map(async (kind) => {
        const id = await hands.place(kinds[kind].wish);
        expected.set(id, kinds[kind].ends);
        // Before, while or after it is paid for, as it comes.
        // On a busy machine some are asked to come again (503), as people do.
        if (kind === 'cancelled') {
          await eventually(
            'it is cancelled',
            async () => (await hands.decide(id, 'cancel')).http === 200,
          );
        }
      }),
    );
    assert.equal(expected.size, 200);
    const ids = [...expected.keys()];

    const wanted = Object.fromEntries([...expected].sort());
    let shown: Record<string, string> = {};
    await eventually(
      'the read model shows every order as it must end',
      async () => {
        const rows = await stack.ordersdb<{ id: string; now: string }[]>`
          select order_id as id, status || ' ' || payment as now from orders
          where order_id = any(${ids}) order by order_id collate "C"`;
        shown = Object.fromEntries(rows.map(({ id, now }) => [id, now]));
        return ids.every((id) => shown[id] === expected.get(id));
      },
      ENDS_WITHIN_MS,
    ).catch(() => undefined);
    assert.deepEqual(shown, wanted);

    const rows = await stack.paymentsdb<{ id: string; lines: number; net: number }[]>`
      select order_id as id, count(*)::int as lines,
             sum(case when outcome = 'debited' and voided_at is null then amount_minor else 0 end)::int as net
      from ledger where order_id = any(${ids}) group by order_id`;
    assert.equal(rows.length, ids.length, 'the gateway was asked about each');
    for (const { id, lines, net } of rows) {
      const isKept = expected.get(id) === 'Approved debited';
      assert.deepEqual([lines, net], [1, isKept ? AMOUNT_MINOR : 0], `${id} ${expected.get(id)}`);
    }

    const events: RecordedEvent[] = [];
    for await (const event of await stack.store.stream(ctx, { afterPosition: before }))
      events.push(event);
    events.forEach(({ position }, index) => {
      assert.equal(position, before + BigInt(index) + 1n, 'positions have no gap');
    });
    const byOrder = Map.groupBy(events, ({ aggregateId }) => aggregateId);
    assert.deepEqual(new Set(byOrder.keys()), new Set(ids));
    for (const [id, own] of byOrder) {
      const types = typesOf(own);
      assert.equal(new Set(types).size, types.length, `${id} has nothing twice: ${types}`);
      assert.deepEqual(
        own.map(({ version }) => version),
        own.map((_, index) => BigInt(index) + 1n),
        'versions have no gap',
      );
    }
  });
});
