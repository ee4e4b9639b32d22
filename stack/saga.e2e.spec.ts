/** The saga's promises, tried from outside with two of each worker: every order ends, and the money is right. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { eventTypes } from '../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE } from '../shared/contracts/subjects.ts';
import type { EventStore, ParkedLetter, RecordedEvent } from '../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../shared/eventstore/grpc-event-store.ts';
import { background } from '../shared/kit/context.ts';
import type { Component } from '../shared/kit/lifecycle.ts';
import { silentLogger } from '../shared/kit/logger.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { spanTrees, treeText } from '../shared/testing/spans.ts';
import { zipkinTrace } from '../shared/testing/zipkin-api.ts';
import { type Stack, startStack } from './stack.ts';
import { testFolder } from './testing.ts';

interface Order {
  readonly order_id: string;
  readonly status: string;
  readonly payment_status: string;
  readonly reason?: string;
}

/** What is ordered where, and by whom, decides what becomes of it. */
interface Wish {
  readonly customer?: string;
  readonly restaurant?: string;
}

interface LedgerLine {
  readonly kind: string;
  readonly outcome: string;
  readonly voided: boolean;
  readonly net: number;
}

const AMOUNT_MINOR = 2_470;
/** Two deliveries and a pause fit into the payment's deadline several times. */
const deadlines = { PAYMENT_DEADLINE_MS: '4000', REVIEW_DEADLINE_MS: '4000' };
const ENDS_WITHIN_MS = 20_000;
const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url));

describe('the saga of an order', function () {
  this.timeout(60_000);
  const ctx = background();
  let stack: Stack;
  let store: EventStore & Component;
  let payments: postgres.Sql;
  let readModel: postgres.Sql;

  before(async () => {
    stack = await startStack({
      dataDir: await testFolder(),
      durable: false,
      instances: { paymentworker: 2, reviewworker: 2, sagacoordinator: 2, querymodelworker: 2 },
      environment: {
        paymentworker: { MAX_DELIVER: '2', RETRY_DELAYS_MS: '100' },
        sagacoordinator: deadlines,
      },
    });
    assert.ok(await stack.zipkinReady, 'Zipkin did not start; a line above says why');
    store = createGrpcEventStore({
      address: stack.addresses.EVENTSTORE_ADDRESS,
      stream: 'ORDERS',
      timeoutMs: 10_000,
      logger: silentLogger,
    });
    payments = postgres(stack.addresses.PAYMENTS_DATABASE_URL, { max: 2 });
    readModel = postgres(stack.addresses.ORDERS_DATABASE_URL, { max: 2 });
  });
  after(async () => {
    await payments?.end();
    await readModel?.end();
    await store?.stop?.();
    await stack?.stop();
  });

  async function place(wish: Wish, headers: Record<string, string> = {}): Promise<string> {
    const response = await fetch(`${stack.httpUrl}/api/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({
        customer_id: wish.customer ?? `customer-${randomUUID()}`,
        restaurant_id: wish.restaurant ?? 'trattoria',
        order_items: [{ code: 'pizza', name: 'Pizza', unit_price: 12.35, quantity: 2 }],
      }),
    });
    const text = await response.text();
    assert.equal(response.status, 201, text);
    return JSON.parse(text).order_id;
  }

  async function get(orderId: string): Promise<Order> {
    const response = await fetch(`${stack.httpUrl}/api/orders/${orderId}`);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text);
  }

  async function decide(orderId: string, decision: 'cancel' | 'approve') {
    const url = `${stack.httpUrl}/api/orders/${orderId}/${decision}`;
    const response = await fetch(url, { method: 'POST' });
    const body = (await response.json()) as Order & { readonly code?: string };
    return { http: response.status, status: body.status, code: body.code };
  }

  const untilItIs = (orderId: string, status: string, payment: string) =>
    eventually(
      `order ${orderId} is ${status}, payment ${payment}`,
      async () => {
        const order = await get(orderId);
        if (order.status === status && order.payment_status === payment) return order;
        throw new Error(`it is ${order.status}, payment ${order.payment_status}`);
      },
      ENDS_WITHIN_MS,
    );

  const eventsOf = (orderId: string) => store.readAggregate(ctx, ORDER_AGGREGATE, orderId);
  const typesOf = (events: readonly RecordedEvent[]) =>
    events.map(({ eventType }) => eventType.replace('ORDERS.', ''));

  /** What the gateway did for the order; its `net` is what the customer has paid, in cents. */
  const ledgerOf = (orderId: string) =>
    payments<LedgerLine[]>`
    select kind, outcome, voided_at is not null as voided,
           case when outcome = 'debited' and voided_at is null then amount_minor else 0 end::int as net
    from ledger where order_id = ${orderId}`.then((lines) => lines.map((line) => ({ ...line })));

  const kept = { kind: 'debit', outcome: 'debited', voided: false, net: AMOUNT_MINOR };
  const givenBack = { kind: 'debit', outcome: 'debited', voided: true, net: 0 };

  const untilLetter = (event: RecordedEvent, is: (letter: ParkedLetter) => boolean) =>
    eventually(`the dead letter of ${event.eventType} is as wanted`, async () => {
      const filter = { consumer: durables.payment, eventIds: [event.eventId] };
      const [letter] = await store.deadLetters(ctx, filter, 10);
      return letter !== undefined && is(letter) && letter;
    });

  function only<T>(all: readonly T[], is: (one: T) => boolean): T {
    const [found, ...others] = all.filter(is);
    assert.ok(found !== undefined && others.length === 0, 'there is exactly one');
    return found;
  }

  it('a rejected order is paid back, in the trace of its submission, and its story can be told', async () => {
    assert.ok(stack.zipkinUrl);
    const traceId = randomBytes(16).toString('hex');
    const caller = randomBytes(8).toString('hex');
    const id = await place(
      { restaurant: 'demo-closed' },
      { traceparent: `00-${traceId}-${caller}-01` },
    );
    const { reason } = await untilItIs(id, 'Rejected', 'voided');
    assert.equal(reason, 'restaurant demo-closed takes no orders');
    assert.deepEqual(await ledgerOf(id), [givenBack]);
    assert.deepEqual(typesOf(await eventsOf(id)), [
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
      'eventstoresvc: orders.rejected publish [PRODUCER]',
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
        ...deadlines,
        EVENTSTORE_ADDRESS: stack.addresses.EVENTSTORE_ADDRESS,
        ZIPKIN_URL: stack.zipkinUrl,
      },
      timeout: 20_000,
    });
    for (const phrase of [
      `order ${id} is Rejected (restaurant demo-closed takes no orders), payment voided`,
      'ordered at restaurant demo-closed: 2 × Pizza; 24.70 in all',
      'took 24.70 (payment ',
      'turned the order down: restaurant demo-closed takes no orders',
      'asked for the money back',
      'gave the money back (payment ',
      'The money was put right',
      'It has ended and waits for nobody',
      `trace ${stack.zipkinUrl}/zipkin/traces/${traceId}`,
    ]) {
      assert.ok(stdout.includes(phrase), `"${phrase}" is not told in:\n${stdout}`);
    }
  });

  it('what cannot be answered is parked and holds up nobody; its order ends by the deadline, and a replay moves no money', async () => {
    const poisoned = await place({ customer: 'demo-unpaid' });
    const next = await Promise.all(Array.from({ length: 20 }, () => place({})));
    const created = only(await eventsOf(poisoned), () => true);
    const parked = await untilLetter(created, ({ state }) => state === 'parked');
    assert.deepEqual([parked.reason, parked.deliveries], ['payment_gateway_unavailable', 2]);
    assert.match(parked.lastError, /did not answer/);

    const ended = await untilItIs(poisoned, 'Cancelled', 'voided');
    assert.equal(ended.reason, 'payment_deadline');
    const events = await eventsOf(poisoned);
    const { position } = only(events, ({ eventType }) => eventType === eventTypes.cancelled);
    for (const id of next) {
      const approved = (await eventsOf(id)).at(-1);
      assert.equal(approved?.eventType, eventTypes.approved);
      assert.ok(approved.position < position, 'the others were done before it was given up');
    }

    const ledger = await ledgerOf(poisoned);
    assert.deepEqual(
      ledger.map(({ kind, net }) => [kind, net]),
      [['tombstone', 0]],
    );
    await store.requestReplay(ctx, durables.payment, created.position);
    await untilLetter(created, ({ state, replays }) => state === 'resolved' && replays === 1);
    assert.deepEqual(await ledgerOf(poisoned), ledger);
    assert.deepEqual(await eventsOf(poisoned), events);
  });

  it('what cannot be read is parked at once, and again when replayed; its order still ends and is paid back', async () => {
    const id = await place({ restaurant: 'demo-manual' });
    await untilItIs(id, 'Paid', 'debited');
    const eventId = randomUUID();
    await store.append(ctx, [
      {
        eventId,
        eventType: eventTypes.voidrequested,
        aggregateId: id,
        aggregateType: ORDER_AGGREGATE,
        data: '{"spoilt":true}',
        metadata: {},
      },
    ]);
    const spoilt = only(await eventsOf(id), (event) => event.eventId === eventId);
    const parked = await untilLetter(spoilt, ({ state }) => state === 'parked');
    assert.equal(parked.deliveries, 1, 'another delivery could not help');

    const events = await eventually(
      'its money is given back',
      async () => {
        const seen = await eventsOf(id);
        return seen.at(-1)?.eventType === eventTypes.paymentvoided && seen;
      },
      ENDS_WITHIN_MS,
    );
    assert.deepEqual(typesOf(events).slice(3), ['cancelled', 'voidrequested', 'paymentvoided']);
    assert.deepEqual(await ledgerOf(id), [givenBack]);

    await store.requestReplay(ctx, durables.payment, spoilt.position);
    await untilLetter(spoilt, ({ state, replays }) => state === 'parked' && replays === 1);
    assert.deepEqual(await ledgerOf(id), [givenBack]);
    assert.deepEqual(await eventsOf(id), events);
  });

  it('a customer cancels while the restaurant thinks: paid back, and too late to be approved', async () => {
    const id = await place({ restaurant: 'demo-manual' });
    await untilItIs(id, 'Paid', 'debited');
    const cancelled = { http: 200, status: 'Cancelled', code: undefined };
    assert.deepEqual(await decide(id, 'cancel'), cancelled);
    assert.deepEqual(await decide(id, 'cancel'), cancelled, 'a second time is no error');
    const { http, code } = await decide(id, 'approve');
    assert.deepEqual([http, code], [409, 'order_ended']);
    await untilItIs(id, 'Cancelled', 'voided');
    assert.deepEqual(await decide(id, 'cancel'), cancelled);
    assert.deepEqual(await ledgerOf(id), [givenBack]);
  });

  it('a restaurant that approves in time keeps the money, and its deadline comes to nothing', async () => {
    const id = await place({ restaurant: 'demo-manual' });
    await untilItIs(id, 'Paid', 'debited');
    assert.deepEqual(await decide(id, 'approve'), {
      http: 200,
      status: 'Approved',
      code: undefined,
    });
    const { http, code } = await decide(id, 'cancel');
    assert.deepEqual([http, code], [409, 'order_ended']);
    // A neighbour that nobody decides about is due later: when it is ended, this one's time is over too.
    const neighbour = await place({ restaurant: 'demo-manual' });
    const { reason } = await untilItIs(neighbour, 'Cancelled', 'voided');
    assert.equal(reason, 'review_deadline');
    assert.deepEqual(typesOf(await eventsOf(id)), ['created', 'paymentdebited', 'approved']);
    assert.deepEqual(await ledgerOf(id), [kept]);
  });

  it('of a cancellation and an approval at once exactly one wins, the other is told, and the money follows', async () => {
    const race = async (cancelFirst: boolean) => {
      const id = await place({ restaurant: 'demo-manual' });
      await untilItIs(id, 'Paid', 'debited');
      const order = cancelFirst
        ? (['cancel', 'approve'] as const)
        : (['approve', 'cancel'] as const);
      const answers = await Promise.all(order.map((decision) => decide(id, decision)));
      const winner = only(answers, ({ http }) => http === 200);
      const loser = only(answers, (answer) => answer !== winner);
      assert.deepEqual([loser.http, loser.code], [409, 'order_ended']);
      const won = winner.status === 'Approved';
      assert.equal(order[answers.indexOf(winner)], won ? 'approve' : 'cancel');
      await untilItIs(id, winner.status, won ? 'debited' : 'voided');
      assert.deepEqual(await ledgerOf(id), [won ? kept : givenBack]);
    };
    await Promise.all(Array.from({ length: 30 }, (_, n) => race(n % 2 === 0)));
  });

  it('200 orders of all kinds: each ends as it must, and money is kept for the approved ones only', async () => {
    const before = await store.head(ctx);
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
        const id = await place(kinds[kind].wish);
        expected.set(id, kinds[kind].ends);
        // Before, while or after it is paid for, as it comes.
        if (kind === 'cancelled') assert.equal((await decide(id, 'cancel')).http, 200);
      }),
    );
    assert.equal(expected.size, 200);
    const ids = [...expected.keys()];

    const wanted = Object.fromEntries([...expected].sort());
    let shown: Record<string, string> = {};
    await eventually(
      'the read model shows every order as it must end',
      async () => {
        const rows = await readModel<{ id: string; now: string }[]>`
          select order_id as id, status || ' ' || payment as now from orders
          where order_id = any(${ids}) order by order_id collate "C"`;
        shown = Object.fromEntries(rows.map(({ id, now }) => [id, now]));
        return ids.every((id) => shown[id] === expected.get(id));
      },
      ENDS_WITHIN_MS,
    ).catch(() => undefined);
    assert.deepEqual(shown, wanted);

    const rows = await payments<{ id: string; lines: number; net: number }[]>`
      select order_id as id, count(*)::int as lines,
             sum(case when outcome = 'debited' and voided_at is null then amount_minor else 0 end)::int as net
      from ledger where order_id = any(${ids}) group by order_id`;
    assert.equal(rows.length, ids.length, 'the gateway was asked about each');
    for (const { id, lines, net } of rows) {
      const isKept = expected.get(id) === 'Approved debited';
      assert.deepEqual([lines, net], [1, isKept ? AMOUNT_MINOR : 0], `${id} ${expected.get(id)}`);
    }

    const events: RecordedEvent[] = [];
    for await (const event of store.stream(ctx, { afterPosition: before })) events.push(event);
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
