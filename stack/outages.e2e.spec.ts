/** PostgreSQL, NATS and Zipkin go away for a while and come back; no service dies of it, and nothing is lost. */
import assert from 'node:assert/strict';
import { eventually } from '../shared/testing/eventually.ts';
import { exporterDefaults } from '../zipkin/export/patient-exporter.ts';
import { AMOUNT_MINOR, orderHands } from './testing/order-hands.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { placePatiently, type Wish, wish } from './testing/patient-client.ts';
import { type SpanSink, startSpanSink } from './testing/span-sink.ts';
import { createWaves, type Waves } from './testing/waves.ts';

const services = [
  'ordersvc',
  'eventstoresvc',
  'paymentworker',
  'reviewworker',
  'querymodelworker',
  'sagacoordinator',
];
/** Those that get their events over NATS. */
const workers = ['paymentworker', 'reviewworker', 'sagacoordinator'];
const ORDERS = 300;
/** What was answered while NATS went comes again after this. */
const worker = { ACK_WAIT_MS: '1500' };
/** Waiting spans are bounded to some 30 MB; the rest is garbage not yet collected. */
const GROWN_MB = 150;
/** So many, one after another, that one of them is quick on any machine. */
const SINGLE_ORDERS = 12;

describe('outages', function () {
  this.timeout(90_000);
  let stack: OrderStack;
  let sink: SpanSink;
  let waves: Waves;

  before(async () => {
    sink = await startSpanSink();
    stack = await startOrderStack({
      own: { OTEL_EXPORTER_ZIPKIN_ENDPOINT: sink.endpoint },
      environment: { paymentworker: worker, reviewworker: worker, sagacoordinator: worker },
    });
    waves = createWaves(stack);
  });
  after(async () => {
    await stack?.stop();
    await sink?.stop();
  });

  const pids = () => services.map((name) => [name, stack.unit(name).process?.pid]);

  async function admin(name: string, path: string) {
    const response = await fetch(`${stack.adminUrls[name]}${path}`);
    return { status: response.status, text: await response.text() };
  }

  const untilSaid = (said: 'degraded' | 'not ready', names: readonly string[], why: RegExp) =>
    Promise.all(
      names.map((name) =>
        eventually(`${name} says that it is ${said}`, async () => {
          const { status, text } = await admin(name, '/readyz');
          assert.equal((await admin(name, '/healthz')).status, 200, 'it lives');
          const wanted = said === 'degraded' ? 200 : 503;
          if (status === wanted && JSON.parse(text).status === said && why.test(text)) return true;
          throw new Error(`${status} ${text}`);
        }),
      ),
    );

  const untilReady = () =>
    Promise.all(
      services.map((name) =>
        eventually(
          `${name} is ready again`,
          async () => {
            const { text } = await admin(name, '/readyz');
            if (JSON.parse(text).status === 'ready') return true;
            throw new Error(text);
          },
          20_000,
        ),
      ),
    );

  /** Does `work` while the server is stopped, and starts it again whatever comes of that. */
  async function without(server: string, work: () => Promise<void>): Promise<void> {
    await stack.unit(server).stop();
    try {
      await work();
    } finally {
      await stack.unit(server).start();
    }
  }

  async function post({ body, key }: Wish) {
    return fetch(`${stack.httpUrl}/api/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body,
      signal: AbortSignal.timeout(10_000),
    });
  }

  it('PostgreSQL away: every service lives, those that need it say so, customers are asked to come again, and nothing is lost', async () => {
    const before = pids();
    await waves.wave(ORDERS, async (progress) => {
      const asked = wish(0);
      await progress.accepted(0.3);
      await without('PostgreSQL', async () => {
        await untilSaid(
          'not ready',
          ['ordersvc', 'eventstoresvc', 'paymentworker', 'querymodelworker', 'sagacoordinator'],
          /database/,
        );
        const refused = await post(asked);
        const text = await refused.text();
        assert.equal(refused.status, 503, text);
        assert.ok(Number(refused.headers.get('retry-after')) >= 1, 'it says when to come again');
        assert.doesNotMatch(text, /ECONN|postgres|127\.0\.0\.1|\n +at /);
      });
      // Whether it was placed is not known, as it was told; who comes again has one order.
      waves.placed(await placePatiently(stack.httpUrl, asked), asked.amountMinor);
    });
    await untilReady();
    assert.deepEqual(pids(), before);
  });

  it('NATS away: orders are taken as before, and go on when it is back', async () => {
    const before = pids();
    const { failed } = await waves.wave(ORDERS, async (progress) => {
      await progress.accepted(0.2);
      await without('NATS', async () => {
        // They do all they are asked for as before; only what was accepted waits, and that is said.
        await untilSaid('degraded', ['eventstoresvc', ...workers], /NATS/);
        for (const name of ['eventstoresvc', ...workers]) {
          assert.match((await admin(name, '/metrics')).text, /^service_degraded(\{[^}]*\})? 1$/m);
        }
        for (const name of ['ordersvc', 'querymodelworker']) {
          assert.match((await admin(name, '/readyz')).text, /"ready"/, name);
        }
        await progress.accepted(1);
      });
    });
    assert.equal(failed, 0, 'customers notice nothing');
    await untilReady();
    assert.deepEqual(pids(), before);
  });

  async function wave(): Promise<void> {
    const { failed } = await waves.wave(ORDERS, async () => {});
    assert.equal(failed, 0);
  }

  /** Milliseconds from asking to the approved row, of the quickest of some orders on their own. */
  async function quickest(): Promise<number> {
    const { place, get } = orderHands(stack);
    let best = Number.POSITIVE_INFINITY;
    for (let n = 0; n < SINGLE_ORDERS; n++) {
      const began = performance.now();
      const order = await place({});
      waves.placed(order, AMOUNT_MINOR);
      await eventually('it is approved', async () => (await get(order)).status === 'Approved');
      best = Math.min(best, performance.now() - began);
    }
    return best;
  }

  const memory = async () =>
    Object.fromEntries(
      await Promise.all(
        services.map(async (name) => {
          const { text } = await admin(name, '/metrics');
          const [, bytes] = /^process_memory_usage_bytes(?:{[^}]*})? (\S+)/m.exec(text) ?? [];
          assert.ok(bytes, `${name} measures its memory`);
          return [name, Number(bytes) / 2 ** 20] as const;
        }),
      ),
    );

  it('Zipkin gone, or there and silent: orders and memory are as ever, and only spans are lost', async () => {
    const before = pids();
    await wave();
    await wave();
    const usualMb = await memory();
    for (const mode of ['silent', 'away'] as const) {
      await sink.become(mode);
      for (let times = 0; times < 2; times++) await wave();
      // Were there a call on the path that waits for Zipkin, every order would wait for its
      // deadline; on a busy machine some are as slow, but not all.
      const tookMs = await quickest();
      assert.ok(tookMs < exporterDefaults.timeoutMs, `${mode}: the quickest took ${tookMs} ms`);
      const mb = await memory();
      for (const name of services) {
        const grown = (mb[name] ?? 0) - (usualMb[name] ?? 0);
        assert.ok(grown < GROWN_MB, `${name} grew by ${grown} MB while Zipkin was ${mode}`);
      }
    }
    assert.ok(sink.unanswered() > 0, 'it was tried');
    await untilReady();
    assert.deepEqual(pids(), before);

    await sink.become('taking');
    const taken = sink.spans();
    await wave();
    await eventually('spans come again', () => sink.spans() > taken);
  });

  it('a service stops in order and soon while Zipkin is silent', async () => {
    await sink.become('silent');
    const unanswered = sink.unanswered();
    await wave();
    await eventually('spans are waiting', () => sink.unanswered() > unanswered);
    const before = pids();
    for (const name of services.toReversed()) {
      const { process } = stack.unit(name);
      assert.ok(process);
      await stack.unit(name).stop();
      // What does not stop in its time says so by another code.
      assert.deepEqual(await process.exited, { code: 0, signal: null }, name);
    }
    await Promise.all(services.map((name) => stack.unit(name).start()));
    assert.ok(pids().every(([, pid], index) => pid !== before[index]?.[1]));
    await waves.settled();
  });
});
