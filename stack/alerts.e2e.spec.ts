/**
 * Each alert of monitoring/alerts.yml on a real stack that a real Prometheus scrapes: its condition is
 * made, it fires, the commands of its page run, the cause is removed, and it goes. Times are
 * shortened, since nobody waits six hours: promtool tries the rules with their own.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { codeBlocks } from '../docs/markdown.ts';
import { eventTypes } from '../shared/contracts/events.ts';
import { ORDER_AGGREGATE } from '../shared/contracts/subjects.ts';
import { background } from '../shared/kit/context.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { orderHands } from './testing/order-hands.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { type Prometheus, prometheusTools, startPrometheus } from './testing/prometheus.ts';
import { testFolder } from './testing.ts';

const root = resolve(import.meta.dirname, '..');
/** Where nothing listens: the console is not part of this stack. */
const NOWHERE = 'http://127.0.0.1:1';
/** Gauges from SQL are looked at every five seconds, on a machine that others use, too. */
const FIRES_MS = 60_000;

/** The rules with seconds in place of minutes and hours. */
const shortened = (rules: string) =>
  rules
    .replaceAll(/for: \d+m/g, 'for: 1s')
    .replaceAll(/\[\d+[mh]\]/g, '[20s]')
    .replaceAll('> 30', '> 2');

describe('alerts', function () {
  this.timeout(300_000);
  const ctx = background();
  let stack: OrderStack;
  let prometheus: Prometheus;
  let hands: ReturnType<typeof orderHands>;
  let zipkin: Server;
  let takesSpans = true;
  const tried = new Set<string>();

  before(async function () {
    const tools = await prometheusTools();
    if (typeof tools === 'string') {
      console.log(`      not tried: ${tools}`);
      return this.skip();
    }
    zipkin = createServer((request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(takesSpans ? 202 : 400).end());
    }).listen(0, '127.0.0.1');
    await once(zipkin, 'listening');
    const { port } = zipkin.address() as AddressInfo;
    stack = await startOrderStack({
      processes: 'each',
      own: { OTEL_EXPORTER_ZIPKIN_ENDPOINT: `http://127.0.0.1:${port}/api/v2/spans` },
      environment: {
        ordersvc: {
          PLACE_TIMEOUT_MS: '1000',
          REQUEST_TIMEOUT_MS: '1000',
          REVIEW_DEADLINE_MS: '3000',
        },
        sagacoordinator: { PAYMENT_DEADLINE_MS: '8000' },
      },
    });
    hands = orderHands(stack);
    const folder = await testFolder();
    const rules = join(folder, 'alerts.yml');
    await writeFile(rules, shortened(readFileSync(join(root, 'monitoring/alerts.yml'), 'utf8')));
    const targets = Object.entries(stack.adminUrls).map(([name, url]) => [name, new URL(url).host]);
    prometheus = await startPrometheus(tools, {
      folder: join(folder, 'prometheus'),
      targets: Object.fromEntries(targets),
      rules,
    });
    // Rates begin with the second look at a series.
    await hands.untilItIs(await hands.place({}), 'Approved', 'debited');
    await eventually(
      'the order is seen',
      async () =>
        (await prometheus.query('orders_journey_duration_seconds_count{by="policy"}'))[0] === 1,
      FIRES_MS,
    );
  });
  after(async () => {
    await prometheus?.stop();
    await stack?.stop();
    zipkin?.close();
  });

  const fires = (alert: string, meanwhile: () => Promise<unknown> = async () => {}) =>
    eventually(
      `${alert} fires`,
      async () => {
        await meanwhile();
        return (await prometheus.firing(alert)).length > 0;
      },
      FIRES_MS,
    );
  const goes = (alert: string) =>
    eventually(
      `${alert} is gone`,
      async () => (await prometheus.firing(alert)).length === 0,
      FIRES_MS,
    );

  const environment = () => ({
    ...process.env,
    ...stack.addresses,
    ORDERS_URL: stack.httpUrl,
    CREDENTIALS_DIR: stack.credentialsDir,
  });
  const ordersctl = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(root, 'cli/ordersctl.js'), ...args], {
      env: environment(),
      encoding: 'utf8',
      timeout: 60_000,
    });

  /** Runs the commands of a page against this stack. */
  function look(page: string): void {
    const names = [
      'eventstoresvc',
      'ordersvc',
      'paymentworker',
      'reviewworker',
      'querymodelworker',
      'sagacoordinator',
      'console',
    ];
    const ports = names.map((name) => new URL(stack.adminUrls[name] ?? NOWHERE).port);
    const blocks = codeBlocks(readFileSync(join(root, 'docs/runbooks', `${page}.md`), 'utf8'));
    assert.ok(blocks.length > 0);
    for (const { text } of blocks) {
      const here = text
        .replaceAll(/\b910([0-6])\b/g, (_, index: string) => ports[Number(index)] ?? '')
        .replaceAll('npx ordersctl', `node ${join(root, 'cli/ordersctl.js')}`);
      const env = environment();
      for (const line of here.trim().split('\n')) {
        const { status, stdout, stderr } = spawnSync('sh', ['-c', line], {
          env,
          encoding: 'utf8',
          timeout: 60_000,
        });
        assert.equal(status, 0, `${line}\n${stdout}${stderr}`);
        assert.notEqual(stdout.trim(), '', `${line} says something`);
      }
    }
  }

  /** Makes the condition, sees all of `alerts` fire, looks, removes the cause, and sees them go. */
  async function alarm(
    alerts: readonly string[],
    page: string,
    cause: {
      begin(): Promise<unknown>;
      meanwhile?: () => Promise<unknown>;
      end(): Promise<unknown>;
    },
  ): Promise<void> {
    await cause.begin();
    try {
      for (const alert of alerts) await fires(alert, cause.meanwhile);
      look(page);
    } finally {
      await cause.end();
    }
    for (const alert of alerts) {
      await goes(alert);
      tried.add(alert);
    }
  }

  /** The service does not run meanwhile. */
  const without = (unit: string) => ({
    begin: () => stack.unit(unit).stop(),
    end: () => stack.unit(unit).start(),
  });

  it('a service that is down', () =>
    alarm(['ServiceDown'], 'service-down', without('reviewworker')));

  it('NATS is away: services are degraded', () =>
    alarm(['ServiceDegraded'], 'service-degraded', without('NATS')));

  it('NATS is away: nothing is published', () =>
    alarm(['RelayStuck'], 'relay-stuck', without('NATS')));

  it('the event store is away: orders are not accepted', () =>
    alarm(['OrdersNotAcceptedFast', 'OrdersNotAcceptedSlowly'], 'orders-not-accepted', {
      ...without('eventstoresvc'),
      meanwhile: () => hands.place({}).catch(() => undefined),
    }));

  it('a worker hangs: its lag is seen from the log', async () => {
    await alarm(['ConsumerBehind'], 'consumer-behind', {
      begin: async () => {
        stack.kill('paymentworker', 'SIGSTOP');
        await hands.place({});
      },
      end: async () => stack.kill('paymentworker', 'SIGCONT'),
    });
  });

  it('orders take longer than a second', () =>
    alarm(['OrdersSlowFast', 'OrdersSlowSlowly'], 'orders-slow', {
      begin: async () => {
        stack.kill('paymentworker', 'SIGSTOP');
        const orderId = await hands.place({});
        const waits = 'max(eventstore_consumer_lag_age_seconds{consumer="payment-worker"})';
        await eventually(
          'it waits',
          async () => ((await prometheus.query(waits))[0] ?? 0) > 1.5,
          FIRES_MS,
        );
        stack.kill('paymentworker', 'SIGCONT');
        await hands.untilItIs(orderId, 'Approved', 'debited');
      },
      end: async () => stack.kill('paymentworker', 'SIGCONT'),
    }));

  it('a restaurant says nothing: its order is overdue', async () => {
    let orderId = '';
    await alarm(['OrdersOverdue'], 'orders-overdue', {
      begin: async () => {
        orderId = await hands.place({ restaurant: 'demo-manual' });
      },
      end: () => hands.decide(orderId, 'approve'),
    });
  });

  it('the projection is away', () =>
    alarm(['ProjectionBehind'], 'projection-behind', {
      begin: async () => {
        await stack.unit('querymodelworker').stop();
        await hands.place({});
      },
      end: () => stack.unit('querymodelworker').start(),
    }));

  it('a worker gives an event up', async () => {
    // The coordinator cannot read it either.
    const letters = () => stack.store.deadLetters(ctx, { state: 'parked', limit: 10 });
    await alarm(['LettersParked'], 'letters-parked', {
      begin: async () => {
        const orderId = await hands.place({ restaurant: 'demo-manual' });
        await hands.untilItIs(orderId, 'Paid', 'debited');
        const spoilt = {
          eventId: randomUUID(),
          eventType: eventTypes.voidrequested,
          aggregateId: orderId,
          aggregateType: ORDER_AGGREGATE,
          data: '{"spoilt":true}',
          metadata: {},
        };
        await stack.store.append(ctx, { events: [spoilt] });
      },
      end: async () => {
        for (const { consumer, position } of await letters()) {
          await stack.store.closeLetter(ctx, { consumer, position, reason: 'a test is over' });
        }
      },
    });
  });

  it('deadlines cannot fire', () =>
    alarm(['DeadlinesLate'], 'deadlines-late', {
      begin: async () => {
        await hands.place({ customer: 'demo-unpaid' });
        const waiting = 'sum(saga_deadlines_waiting{kind="payment"})';
        await eventually(
          'it waits',
          async () => ((await prometheus.query(waiting))[0] ?? 0) > 0,
          FIRES_MS,
        );
        await stack.unit('eventstoresvc').stop();
      },
      end: () => stack.unit('eventstoresvc').start(),
    }));

  it('nobody takes spans', () =>
    alarm(['SpansDropped'], 'spans-dropped', {
      begin: async () => {
        takesSpans = false;
      },
      meanwhile: () => hands.place({}),
      end: async () => {
        takesSpans = true;
      },
    }));

  it('a row of the read model is lost: an audit finds it', async () => {
    await alarm(['AuditDiffers'], 'audit-differs', {
      begin: async () => {
        const orderId = await hands.place({});
        await hands.untilItIs(orderId, 'Approved', 'debited');
        await stack.ordersdb`delete from orders where order_id = ${orderId}`;
        assert.equal(ordersctl('audit').status, 5);
      },
      end: async () => ordersctl('audit', '--repair', '--yes'),
    });
  });

  it('each alert was tried', () => {
    const rules = readFileSync(join(root, 'monitoring/alerts.yml'), 'utf8');
    assert.deepEqual([...tried].sort(), rules.match(/(?<=alert: )\S+/g)?.sort());
  });
});
