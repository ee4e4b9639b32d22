/** The console before the whole stack: what it shows is so, and what its buttons do happens. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type {
  Audit,
  DeadlineList,
  Letter,
  LetterDetail,
  LetterGroups,
  LettersDone,
  LiveOrders,
  OrderDetail,
  OrderList,
  OrderRow,
  Pipeline,
  ProblemAnswer,
  Session,
} from '../../shared/contracts/console.ts';
import { durables } from '../../shared/contracts/subjects.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { hasty, orderHands } from '../../stack/testing/order-hands.ts';
import { type OrderStack, startOrderStack } from '../../stack/testing/order-stack.ts';

const ordersctl = resolve(import.meta.dirname, '../../cli/main.ts');

/** Reads a feed from when it is made; `seen` are its events so far. */
async function feedOf(url: string, token?: string) {
  const leave = new AbortController();
  const response = await fetch(`${url}/api/live`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: leave.signal,
  });
  assert.equal(response.status, 200);
  const seen: { readonly event: string; readonly data: unknown }[] = [];
  const reading = (async () => {
    let text = '';
    for await (const more of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (text + more).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
        if (event !== undefined) seen.push({ event, data: JSON.parse(data ?? '') });
      }
    }
  })().catch(() => undefined);
  const of = <T>(name: string) =>
    seen.flatMap(({ event, data }) => (event === name ? [data as T] : []));
  return {
    rows: () => of<LiveOrders>('orders').flatMap(({ rows }) => rows),
    pipelines: () => of<Pipeline>('pipeline'),
    leave: async () => {
      leave.abort();
      await reading;
    },
  };
}

describe('the console', function suite() {
  this.timeout(180_000);
  let stack: OrderStack;
  let url: string;
  let hands: ReturnType<typeof orderHands>;

  before(async () => {
    stack = await startOrderStack({
      zipkin: false,
      services: [
        'eventstoresvc',
        'ordersvc',
        'paymentworker',
        'reviewworker',
        'querymodelworker',
        'sagacoordinator',
        'console',
      ],
      environment: { paymentworker: hasty },
    });
    url = `http://127.0.0.1:${stack.ports.console}`;
    hands = orderHands(stack);
  });
  after(() => stack?.stop());

  async function ask<T>(path: string, method = 'GET', body?: object, token?: string): Promise<T> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return (await response.json()) as T;
  }

  async function tokenFor(...who: readonly string[]): Promise<string> {
    const env = { ...process.env, CREDENTIALS_DIR: stack.credentialsDir };
    const args = [ordersctl, 'token', ...who];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    return stdout.trim();
  }

  /** What the order's story says to be in the way of it. */
  const troubleOf = async (id: string) => {
    const { story } = await ask<OrderDetail>(`/api/orders/${id}`);
    return (story.waiting?.trouble ?? []).join('\n');
  };

  const isAt = (id: string, status: string) => (row: OrderRow) =>
    row.order_id === id && row.status === status;

  it('an order that is placed elsewhere arrives, and is seen approved', async () => {
    const feed = await feedOf(url);
    const id = await hands.place({});
    await eventually('it is seen approved', () => feed.rows().some(isAt(id, 'Approved')));
    const seen = await eventually('the pipeline counts it', () =>
      feed.pipelines().find(({ head }) => head >= 3),
    );
    assert.deepEqual(
      seen.parts.map(({ name, state }) => [name, state]),
      [
        'eventstoresvc',
        'ordersvc',
        'paymentworker',
        'reviewworker',
        'querymodelworker',
        'sagacoordinator',
      ].map((name) => [name, 'ready']),
    );
    await feed.leave();
    const listed = await eventually('it is in the list', async () => {
      const { rows } = await ask<OrderList>('/api/orders?status=Approved');
      return rows.find(({ order_id }) => order_id === id);
    });
    assert.equal(listed.amount, '24.70');
  });

  it('an order that waits for its restaurant says so, until when, and is decided by a click', async () => {
    const id = await hands.place({ restaurant: 'demo-manual' });
    await hands.untilItIs(id, 'Paid', 'debited');
    // The review worker says once a second how far it is; until then the order may be in its queue.
    const { order, story } = await eventually('it is known to be delivered', async () => {
      const detail = await ask<OrderDetail>(`/api/orders/${id}`);
      return detail.story.waiting?.queued === undefined && detail;
    });
    assert.equal(order.waits_for, 'restaurant');
    assert.match(story.waiting?.for ?? '', /the restaurant/);
    assert.equal(story.waiting?.trouble, undefined, 'nothing is wrong');
    assert.equal(story.waiting?.until, order.due_at);
    // The coordinator writes a deadline only if its order does not end within a moment.
    const due = await eventually('its deadline is set', async () => {
      const { deadlines } = await ask<DeadlineList>('/api/deadlines');
      return deadlines.find(({ order_id, kind }) => order_id === id && kind === 'review');
    });
    assert.equal(due.due_at, order.due_at);

    const refused = await ask<ProblemAnswer>(`/api/orders/${id}/reject`, 'POST', { reason: '' });
    assert.equal(refused.code, 'invalid_body');
    await ask(`/api/orders/${id}/reject`, 'POST', { reason: 'the oven is cold' });
    await hands.untilItIs(id, 'Rejected', 'voided');
    const told = await ask<OrderDetail>(`/api/orders/${id}`);
    assert.equal(told.story.compensation?.state, 'done');
    assert.match(told.story.steps.map(({ what }) => what).join('\n'), /the oven is cold/);
    const again = await ask<ProblemAnswer>(`/api/orders/${id}/approve`, 'POST');
    assert.deepEqual([again.status, again.code], [409, 'order_ended'], 'ordersvc’s own words');
  });

  it('a restaurant sees and decides its own orders, and nothing else', async () => {
    const token = await tokenFor('--restaurant', 'demo-manual');
    const session = await ask<Session>('/api/session', 'GET', undefined, token);
    assert.deepEqual([session.roles, session.restaurant_id], [['restaurant'], 'demo-manual']);
    const feed = await feedOf(url, token);
    const [own, other] = await Promise.all([
      hands.place({ restaurant: 'demo-manual' }),
      hands.place({}),
    ]);
    await eventually('its own is seen', () => feed.rows().some(isAt(own, 'Paid')));
    await hands.untilItIs(other, 'Approved', 'debited');
    await eventually('it is listed', async () => {
      const { rows } = await ask<OrderList>('/api/orders?status=open', 'GET', undefined, token);
      return rows.some(({ order_id }) => order_id === own);
    });
    await ask(`/api/orders/${own}/approve`, 'POST', undefined, token);
    await eventually('its decision is seen', () => feed.rows().some(isAt(own, 'Approved')));
    assert.ok(feed.rows().every(({ restaurant_id }) => restaurant_id === 'demo-manual'));
    assert.deepEqual(feed.pipelines(), []);
    await feed.leave();
    const hidden = await ask<ProblemAnswer>(`/api/orders/${other}`, 'GET', undefined, token);
    assert.equal(hidden.code, 'order_not_found');
    const detail = await ask<OrderDetail>(`/api/orders/${own}`, 'GET', undefined, token);
    assert.deepEqual(detail.story.trace_ids, []);
    assert.doesNotMatch(JSON.stringify(detail), /unreadable|cannot be read/);
    for (const path of ['/api/letters', '/api/deadlines', '/api/audits/latest']) {
      const { code } = await ask<ProblemAnswer>(path, 'GET', undefined, token);
      assert.equal(code, 'not_allowed', path);
    }
  });

  it('a dead letter stands in the way of its order; it is shown, replayed and closed', async () => {
    const id = await hands.place({ customer: 'demo-unpaid' });
    const letter = await eventually('it is parked', async () => {
      const { groups } = await ask<LetterGroups>('/api/letters');
      return groups[0]?.letters[0];
    });
    assert.equal(letter.reason, 'payment_gateway_unavailable');
    assert.match(await troubleOf(id), /payment-worker gave up/);
    const name = { consumer: letter.consumer, position: letter.position };
    const path = `/api/letters/${name.consumer}/${name.position}`;
    assert.equal((await ask<LetterDetail>(path)).order_id, id);

    const dry = await ask<LettersDone>('/api/letters/replay', 'POST', {
      letters: [name],
      dry_run: true,
    });
    assert.deepEqual([dry.results[0]?.outcome, dry.results[0]?.order_status], ['would', 'Pending']);
    const untouched = await ask<LetterDetail>(path);
    assert.deepEqual([untouched.letter.state, untouched.letter.replays], ['parked', 0]);

    const missing = { consumer: name.consumer, position: 999_999 };
    const done = await ask<LettersDone>('/api/letters/replay', 'POST', {
      letters: [missing, name],
    });
    assert.deepEqual(
      done.results.map(({ outcome, code }) => [outcome, code]),
      [
        ['refused', 'letter_not_found'],
        ['done', undefined],
      ],
    );
    const is = async (wanted: (letter: Letter) => boolean) =>
      wanted((await ask<LetterDetail>(path)).letter);
    await eventually('it failed again', () =>
      is(({ state, replays }) => state === 'parked' && replays === 1),
    );
    await ask('/api/letters/close', 'POST', { letters: [name], reason: 'the card was lost' });
    assert.ok(await is(({ state, close_reason }) => state === 'closed' && close_reason !== ''));
    assert.deepEqual((await ask<LetterGroups>('/api/letters')).groups, []);
  });

  it('a consumer that is stopped is silent within five seconds, and its orders say so', async () => {
    const feed = await feedOf(url);
    await eventually('it is well', () => feed.pipelines().length > 0);
    stack.kill('paymentworker', 'SIGSTOP');
    const stoppedAt = performance.now();
    try {
      const id = await hands.place({});
      const seen = await eventually('it is silent', () =>
        feed
          .pipelines()
          .at(-1)
          ?.consumers.find(({ name, silent_s }) => name === durables.payment && silent_s),
      );
      const afterMs = performance.now() - stoppedAt;
      assert.ok(afterMs < 5_000, `it took ${Math.round(afterMs)} ms`);
      assert.equal(seen.part, 'paymentworker');
      assert.match(await troubleOf(id), /paymentworker has not answered for/);
      await eventually('it is behind', () =>
        feed
          .pipelines()
          .at(-1)
          ?.consumers.some(({ name, lag }) => name === durables.payment && lag > 0),
      );
    } finally {
      stack.kill('paymentworker', 'SIGCONT');
    }
    await eventually(
      'it is well again',
      () =>
        feed
          .pipelines()
          .at(-1)
          ?.consumers.every(({ silent_s }) => silent_s === undefined),
      20_000,
    );
    await feed.leave();
  });

  it('while ordersvc is away, an operator still sees why an order stands still', async () => {
    const id = await hands.place({ restaurant: 'demo-manual' });
    await hands.untilItIs(id, 'Paid', 'debited');
    await stack.unit('ordersvc').stop();
    try {
      const { order } = await ask<OrderDetail>(`/api/orders/${id}`);
      assert.equal(order.status, 'Paid');
      const { code } = await ask<ProblemAnswer>('/api/orders');
      assert.equal(code, 'ordersvc_away');
    } finally {
      await stack.unit('ordersvc').start();
    }
  });

  it('an open circuit is told by the orders that wait for it', async () => {
    const ids: string[] = [];
    await eventually(
      'the gateway gets a pause',
      async () => {
        ids.push(
          ...(await Promise.all(
            Array.from({ length: 30 }, () => hands.place({ customer: 'demo-unpaid' })),
          )),
        );
        const told = await Promise.all(ids.slice(-5).map(troubleOf));
        return told.some((trouble) => /paymentworker is degraded: .*circuit_open/.test(trouble));
      },
      30_000,
    );
  });

  it('an audit is run by the operator’s tool, one at a time', async () => {
    const begun = await ask<Audit>('/api/audits', 'POST');
    assert.equal(begun.state, 'running');
    const second = await ask<ProblemAnswer>('/api/audits', 'POST');
    assert.equal(second.code, 'audit_running');
    const done = await eventually(
      'it is done',
      async () => {
        const audit = await ask<Audit>('/api/audits/latest');
        return audit.state !== 'running' && audit;
      },
      60_000,
    );
    assert.equal(done.state, 'done', done.error);
    assert.equal(done.result?.discrepancy_count, 0, JSON.stringify(done.result?.discrepancies));
    assert.ok((done.result?.orders.accepted ?? 0) > 3);
  });

  it('what a damaged book lost is repaired', async () => {
    const id = await hands.place({});
    await hands.untilItIs(id, 'Approved', 'debited');
    await stack.ordersdb`update orders set status = 'Rejected' where order_id = ${id}`;
    await ask('/api/audits/latest/repair', 'POST');
    const done = await eventually(
      'it is done',
      async () => {
        const audit = await ask<Audit>('/api/audits/latest');
        return audit.state !== 'running' && audit;
      },
      60_000,
    );
    assert.equal(done.state, 'done', done.error);
    assert.deepEqual(
      done.result?.repaired?.map(({ what }) => what),
      ['row'],
    );
    const [row] = await stack.ordersdb`select status from orders where order_id = ${id}`;
    assert.equal(row?.status, 'Approved');
  });
});
