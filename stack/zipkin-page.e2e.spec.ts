/**
 * What a person sees of an order in Zipkin's page, by the system's Chromium.
 * `WRITE_DOCS=true npx mocha stack/zipkin-page.e2e.spec.ts` makes README's picture again.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { startChromium } from '../shared/testing/zipkin/chromium.ts';
import { HAPPY_TRACE, siblingsSorted } from '../shared/testing/zipkin/happy-trace.ts';
import { zipkinTrace } from '../shared/testing/zipkin/zipkin-api.ts';
import {
  openZipkin,
  type ShownTrace,
  type ZipkinPage,
} from '../shared/testing/zipkin/zipkin-page.ts';
import { services } from './services.ts';
import { type Stack, startStack } from './stack.ts';
import { testFolder } from './testing.ts';

const picture = fileURLToPath(new URL('../docs/trace.png', import.meta.url));
/** Orders before the one in the picture: the first ones show how Node warms up. */
const WARM_UP = 10;
/** As many traces as a search of Zipkin's page shows, all younger than the order's own. */
const READS = 10;
/** The page names spans without their kind. */
const expected = siblingsSorted(HAPPY_TRACE.map((line) => line.replace(/ \[[A-Z]+\]$/, '')));

/** Those that an order passes through. */
const passed = services.filter(({ watches }) => watches !== true);

describe('the trace of an order, in Zipkin’s page', function () {
  // Zipkin alone may take five minutes.
  this.timeout(360_000);
  let browser: Browser | undefined;
  let stack: Stack | undefined;
  let zipkin: ZipkinPage;
  let orderId: string;
  let traceId: string;

  before(async function () {
    const skip = (why: string) => {
      console.log(`      skipped: ${why}`);
      this.skip();
    };
    browser = await startChromium();
    if (browser === undefined) {
      skip('there is no Chromium → install it, or set CHROMIUM_PATH');
      return;
    }
    let why = 'Zipkin did not start';
    stack = await startStack({
      dataDir: await testFolder(),
      durable: false,
      say: (_kind, name, text) => {
        if (name === 'Zipkin') why = text;
      },
    });
    if (stack.zipkinUrl === undefined || !(await stack.zipkinReady)) skip(why);
    const orders = process.env.WRITE_DOCS === 'true' ? WARM_UP + 1 : 1;
    for (let n = 0; n < orders; n++) ({ orderId, traceId } = await traceOfAnOrder(stack));
    zipkin = await openZipkin(browser, stack.zipkinUrl ?? '');
  });
  after(async () => {
    await browser?.close();
    await stack?.stop();
  });

  /** Places an order and waits until Zipkin has all of its trace. */
  async function traceOfAnOrder({ httpUrl, zipkinUrl = '' }: Stack) {
    const response = await fetch(`${httpUrl}/api/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        customer_id: 'ada',
        restaurant_id: 'trattoria',
        order_items: [{ code: 'PZ1', name: 'Pizza Margherita', unit_price: 9.5, quantity: 2 }],
      }),
    });
    assert.equal(response.status, 201);
    const placed = (await response.json()) as { order_id: string };
    const id = response.headers.get('x-trace-id') ?? '';
    await zipkinTrace(zipkinUrl, id, (spans) => spans.length >= expected.length, 30_000);
    return { orderId: placed.order_id, traceId: id };
  }

  /** One tree, of all services, below the request. */
  function isTheWholeTrace({ heading, tree, text }: ShownTrace): void {
    assert.equal(heading, 'ordersvc: post /api/orders');
    assert.deepEqual(siblingsSorted(tree), expected);
    const shown = new Set(tree.map((line) => line.trim().split(':', 1)[0]));
    assert.deepEqual([...shown].sort(), passed.map(({ name }) => name).sort());
    // Zipkin counts NATS, too, which the event store publishes to.
    const named = passed.length + 1;
    assert.match(text, new RegExp(`Services\\s+${named}\\s+Total Spans\\s+${expected.length}\\s`));
    assert.match(text, /Parent ID\s+none/, 'the span that is shown first is the root');
  }

  it('the address that an answer’s x-trace-id leads to shows all services in one tree, with its root', async () => {
    const trace = await zipkin.openTrace(traceId, expected.length);
    isTheWholeTrace(trace);
    const selected = await zipkin.select('paymentworker: orders.created process');
    assert.match(selected, new RegExp(`order[.]id\\s+${orderId}\\s`), 'a span tells whose it is');
    if (process.env.WRITE_DOCS === 'true') await writeFile(picture, await zipkin.picture());
  });

  it('the search page finds it, and it alone, by the tag and the span that README names, however often it was read', async () => {
    const { httpUrl = '', zipkinUrl = '' } = stack ?? {};
    for (let n = 0; n < READS; n++) {
      const read = await fetch(`${httpUrl}/api/orders/${orderId}`);
      await zipkinTrace(
        zipkinUrl,
        read.headers.get('x-trace-id') ?? '',
        (spans) => spans.length > 0,
      );
    }
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    assert.ok(readme.includes('`order.id=…`') && readme.includes('`post /api/orders`'));
    const found = await zipkin.search([
      ['tagQuery', `order.id=${orderId}`],
      ['serviceName', 'ordersvc'],
      ['spanName', 'post /api/orders'],
    ]);
    assert.equal(found.length, 1);
    assert.match(found[0] ?? '', /ordersvc: post \/api\/orders/);
    isTheWholeTrace(await zipkin.openResult(expected.length));
  });

  it('the page asks nobody but Zipkin: it works without a network', () => {
    assert.deepEqual(zipkin.askedOutside, []);
  });
});
