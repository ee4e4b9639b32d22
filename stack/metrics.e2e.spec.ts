/** What a running stack shows in /metrics: well-formed, without blanks, and true of what is stopped. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { eventually } from '../shared/testing/eventually.ts';
import { orderHands } from './testing/order-hands.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { type PrometheusTools, prometheusTools } from './testing/prometheus.ts';

const OPEN_METRICS = 'application/openmetrics-text;version=1.0.0';

describe('the metrics of a running stack', function () {
  this.timeout(180_000);
  let stack: OrderStack;
  let hands: ReturnType<typeof orderHands>;
  let tools: PrometheusTools | string;

  before(async () => {
    tools = await prometheusTools();
    stack = await startOrderStack({ zipkin: false, processes: 'each' });
    hands = orderHands(stack);
  });
  after(() => stack?.stop());

  async function metrics(service: string, accept = '*/*'): Promise<string> {
    const url = `${stack.adminUrls[service]}/metrics`;
    const answer = await fetch(url, { headers: { accept }, signal: AbortSignal.timeout(5_000) });
    return answer.text();
  }

  /** The value of the first series whose line begins like this. */
  async function value(service: string, begins: string): Promise<number | undefined> {
    const lines = (await metrics(service)).split('\n');
    const line = lines.find((one) => one.startsWith(begins));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
  }

  it('promtool finds no fault with any process, and no label has blanks', async function () {
    await hands.untilItIs(await hands.place({}), 'Approved', 'debited');
    for (const service of Object.keys(stack.adminUrls)) {
      const text = await metrics(service);
      const blanks = text.split('\n').filter((line) => /^[^#]*="[^"]*\s[^"]*"/.test(line));
      assert.deepEqual(blanks, [], service);
      if (typeof tools === 'string') continue;
      const checked = spawnSync(tools.promtool, ['check', 'metrics'], { input: text });
      assert.equal(`${checked.stdout}${checked.stderr}`, '', service);
      assert.equal(checked.status, 0, service);
    }
    if (typeof tools === 'string') {
      console.log(`      not checked by promtool: ${tools}`);
      this.skip();
    }
  });

  it('a refused request moves a series', async () => {
    const refused = () =>
      value(
        'ordersvc',
        'http_server_request_duration_seconds_count{http_request_method="POST",http_route="/api/orders",http_response_status_code="400"',
      );
    await fetch(`${stack.httpUrl}/api/orders`, { method: 'POST', body: '{' }).then((r) => r.text());
    const answer = await fetch(`${stack.httpUrl}/api/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    assert.equal(answer.status, 400);
    await eventually('it is counted', async () => ((await refused()) ?? 0) >= 1);
  });

  it('a scraper that asks for OpenMetrics finds the trace of an example', async () => {
    await hands.untilItIs(await hands.place({}), 'Approved', 'debited');
    const text = await metrics('ordersvc', OPEN_METRICS);
    assert.match(
      text,
      /^endpoint_duration_seconds_bucket\{.*\} \d+ # \{trace_id="[0-9a-f]{32}"\} /m,
    );
    assert.match(text, /# EOF\n$/);
  });

  it('a stopped worker’s lag is seen from the log, in events and seconds, and goes when it is back', async () => {
    const lag = (what: string) =>
      value('eventstoresvc', `eventstore_consumer_lag${what}{consumer="payment-worker"}`);
    await stack.unit('paymentworker').stop();
    const orderId = await hands.place({});
    await eventually(
      'it lags',
      async () => ((await lag('')) ?? 0) > 0 && ((await lag('_age_seconds')) ?? 0) > 2,
      30_000,
    );
    assert.equal(
      await eventually(
        'it is open',
        async () => (await value('ordersvc', 'orders_open{status="Pending"}')) || undefined,
        20_000,
      ),
      1,
    );
    assert.ok(
      (await eventually(
        'deadlines wait',
        async () =>
          (await value('sagacoordinator', 'saga_deadlines_waiting{kind="payment"')) || undefined,
        20_000,
      )) >= 1,
    );
    await stack.unit('paymentworker').start();
    await hands.untilItIs(orderId, 'Approved', 'debited');
    for (const one of ['payment-worker', 'review-worker', 'saga-coordinator']) {
      const behind = () => value('eventstoresvc', `eventstore_consumer_lag{consumer="${one}"}`);
      await eventually(`${one} lags no more`, async () => (await behind()) === 0, 30_000);
    }
    await eventually(
      'none is open',
      async () => (await value('ordersvc', 'orders_open{status="Pending"}')) === 0,
      20_000,
    );
  });

  it('what the last audit found is shown', async () => {
    const env = {
      ...process.env,
      ...stack.addresses,
      CREDENTIALS_DIR: stack.credentialsDir,
    };
    const cli = resolve(import.meta.dirname, '../cli/ordersctl.js');
    const { status, stdout } = spawnSync(process.execPath, [cli, 'audit'], {
      env,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout);
    await eventually(
      'the coordinator shows it',
      async () => (await value('sagacoordinator', 'audit_last_verdict{verdict="right"}')) === 1,
      20_000,
    );
    assert.ok(((await value('sagacoordinator', 'audit_last_age_seconds')) ?? 999) < 60);
  });

  it('gauges of what waits survive a restart', async () => {
    const open = () => value('ordersvc', 'orders_open{status="Paid"}');
    await hands.place({ restaurant: 'demo-manual' });
    await eventually('it waits', async () => (await open()) === 1, 20_000);
    await stack.unit('ordersvc').stop();
    await stack.unit('ordersvc').start();
    await eventually(
      'it still does',
      async () => (await open().catch(() => undefined)) === 1,
      30_000,
    );
  });
});
