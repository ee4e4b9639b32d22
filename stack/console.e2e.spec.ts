/**
 * What an operator sees and does in the console, by the system's Chromium.
 * `WRITE_DOCS=true npx mocha stack/console.e2e.spec.ts` makes README's pictures again.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { eventTypes } from '../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE } from '../shared/contracts/subjects.ts';
import { background } from '../shared/kit/context.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { startChromium } from '../shared/testing/zipkin/chromium.ts';
import { services } from './services.ts';
import { barriers } from './testing/console/accessible.ts';
import { bustle, placeNth } from './testing/console/bustle.ts';
import { type ConsolePage, openConsole } from './testing/console/console-page.ts';
import { heldBytes, smoothness } from './testing/console/frames.ts';
import { startRush } from './testing/console/rush.ts';
import { orderHands } from './testing/order-hands.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';

const WRITE = process.env.WRITE_DOCS === 'true';
const picture = (name: string) => fileURLToPath(new URL(`../docs/${name}.png`, import.meta.url));
/** So long a pause must be seen. */
const SILENT_WITHIN_MS = 5_000;
const ROWS_A_SECOND = 1_000;
const FRAMES_A_SECOND = 30;
/** Ten thousand rows that were kept would be several times that. */
const GROWN_BYTES = 1_500_000;

describe('the console, in a browser', function () {
  this.timeout(180_000);
  let browser: Browser | undefined;
  let stack: OrderStack;
  let hands: ReturnType<typeof orderHands>;
  let url: string;
  let console_: ConsolePage;
  let page: Page;

  before(async function () {
    browser = await startChromium();
    if (browser === undefined) {
      console.log('      skipped: there is no Chromium → install it, or set CHROMIUM_PATH');
      this.skip();
    }
    stack = await startOrderStack({ zipkin: false, services: services.map(({ name }) => name) });
    hands = orderHands(stack);
    url = `http://127.0.0.1:${stack.ports.console}`;
    console_ = await openConsole(browser, url);
    page = console_.page;
  });
  after(async () => {
    await browser?.close();
    await stack?.stop();
  });

  const rowOf = (id: string) =>
    page.getByRole('row').filter({ has: page.locator(`a[href="/orders/${id}"]`) });

  it('an order that is placed elsewhere arrives in the list by itself, and is approved there', async () => {
    await console_.open('/orders');
    const id = await hands.place({ customer: 'ada' });
    await rowOf(id).getByText('Approved').waitFor();
    assert.match(await rowOf(id).innerText(), /ada\s+trattoria\s+\D*24[.]70/);
  });

  it('an order that somebody reads keeps its place while others arrive, and a button shows them', async () => {
    await console_.open('/orders');
    const first = await hands.place({});
    await rowOf(first).hover();
    const before = await rowOf(first).boundingBox();
    const next = await hands.place({});
    await page.getByRole('button', { name: '1 new order' }).waitFor();
    assert.deepEqual(await rowOf(first).boundingBox(), before);
    assert.equal(await rowOf(next).count(), 0);
    await page.getByRole('button', { name: '1 new order' }).click();
    await rowOf(next).waitFor();
  });

  it('the keys lead through the list to an order and on to other views', async () => {
    await console_.open('/orders');
    await page.locator('[data-entry]').first().waitFor();
    await page.keyboard.press('j');
    const href = await page.locator(':focus').getAttribute('href');
    await page.keyboard.press('Enter');
    await page.waitForURL(/orders[/][\da-f-]{36}$/);
    assert.equal(href, new URL(page.url()).pathname);
    await page.getByRole('heading', { name: 'What happened' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.waitForURL(/pipeline$/);
    await eventually(
      'the heading has the focus',
      async () => (await page.locator(':focus').innerText()) === 'Pipeline',
    );
  });

  it('a restaurant’s rejection asks why, and its refund is seen', async () => {
    const id = await hands.place({ customer: 'ada', restaurant: 'demo-manual' });
    await console_.open('/restaurant');
    const ticket = page.getByRole('article', { name: `Order ${id}` });
    await ticket.waitFor();
    await eventually('the title tells', async () => /^\(1\) To decide/.test(await page.title()));
    await ticket.getByRole('link').click();
    await page.getByText(/Waits for the review worker or the restaurant/).waitFor();
    await page.getByRole('button', { name: 'Reject' }).click();
    await page.getByLabel('Why?').fill('the oven is cold');
    await page.getByRole('button', { name: 'Reject the order' }).click();
    await page.getByText(/Rejected the order: the oven is cold/).waitFor();
    await page.getByText(/Refunded the money/).waitFor();
    await page.getByText('refunded', { exact: true }).waitFor();
    await hands.untilItIs(id, 'Rejected', 'voided');
  });

  it('one click approves what waits for a restaurant', async () => {
    const id = await hands.place({ restaurant: 'demo-manual' });
    await console_.open('/restaurant?restaurant_id=demo-manual');
    const ticket = page.getByRole('article', { name: `Order ${id}` });
    await ticket.getByRole('button', { name: 'Approve' }).click();
    await ticket.waitFor({ state: 'detached' });
    await page.getByText('The order is approved.').waitFor();
    await hands.untilItIs(id, 'Approved', 'debited');
  });

  it('what ordersvc refuses is told in its words', async () => {
    const id = await hands.place({ restaurant: 'demo-manual' });
    await console_.open(`/orders/${id}`);
    await page.getByRole('button', { name: 'Approve' }).waitFor();
    // What the page shows is a moment old: the order ends behind its back.
    await page.route('**/api/live', (route) => route.abort());
    await page.route(`**/api/orders/${id}`, (route) => route.abort());
    await hands.untilItIs(id, 'Paid', 'debited');
    assert.equal((await hands.decide(id, 'cancel')).http, 200);
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.locator('.toast.bad').waitFor();
    assert.match(await page.locator('.toast.bad').innerText(), /cancelled/i);
    await page.unrouteAll();
  });

  it('a poison letter is tried, replayed and closed with a reason', async () => {
    const id = await hands.place({ restaurant: 'demo-manual' });
    await hands.untilItIs(id, 'Paid', 'debited');
    const eventId = randomUUID();
    const { position } = await stack.store.append(background(), {
      events: [
        {
          eventId,
          eventType: eventTypes.voidrequested,
          aggregateId: id,
          aggregateType: ORDER_AGGREGATE,
          data: '{"spoilt":true}',
          metadata: {},
        },
      ],
    });
    await console_.open('/letters');
    const letter = page.locator(`[data-letter="${durables.payment}/${position}"]`);
    await letter.getByText(/cannot be read/).waitFor();

    await letter.getByRole('button', { name: /Position/ }).click();
    await page.getByText('"spoilt": true').waitFor();
    await page.keyboard.press('Escape');

    await letter.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Dry run' }).click();
    await letter.getByText(/Would be processed again/).waitFor();
    await page
      .getByRole('region', { name: 'Chosen letters' })
      .getByRole('button', { name: 'Replay' })
      .click();
    await page.getByText('1 letter handed back for a replay.').waitFor();
    await letter.getByText('1 replayed').waitFor();

    await letter.getByRole('button', { name: 'Close' }).click();
    await page.getByLabel('Why does it need no answer?').fill('a test');
    await page.getByRole('button', { name: 'Close for good' }).click();
    await letter.waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Closed', exact: true }).click();
    await letter.getByText('closed: a test').waitFor();
  });

  it('a consumer that stands still is shown as silent within five seconds, and why an order waits', async () => {
    await console_.open('/pipeline');
    const reader = page.locator(`[data-consumer="${durables.review}"]`);
    await reader.getByText(/in step|keeping up/).waitFor();
    stack.kill('reviewworker', 'SIGSTOP');
    try {
      await reader.getByText(/silent for/).waitFor({ timeout: SILENT_WITHIN_MS });
      const id = await hands.place({});
      await page.goto(`${url}/orders/${id}`);
      await page
        .locator('[data-trouble]')
        .getByText(/reviewworker has not answered/)
        .waitFor();
    } finally {
      stack.kill('reviewworker', 'SIGCONT');
    }
    await console_.open('/pipeline');
    await reader.getByText(/in step|keeping up/).waitFor();
  });

  it('the audit is run, watched and read', async () => {
    await console_.open('/audit');
    await page.getByRole('button', { name: 'Run the audit' }).click();
    await page.getByText(/\d+ events and \d+ orders read in/).waitFor({ timeout: 60_000 });
    assert.equal(await page.locator('.notice.bad').count(), 0);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`axe-core finds nothing on any view, ${colorScheme}, on a screen and on a phone`, async () => {
      const waits = await hands.place({ restaurant: 'demo-manual' });
      await hands.untilItIs(waits, 'Paid', 'debited');
      for (const viewport of [
        { width: 1280, height: 900 },
        { width: 390, height: 844 },
      ]) {
        const other = await openConsole(browser as Browser, url, { colorScheme, viewport });
        for (const path of [
          '/orders',
          '/orders?customer_id=nobody',
          `/orders/${waits}`,
          '/restaurant',
          '/pipeline',
          '/letters?state=all',
          '/deadlines',
          '/audit',
        ]) {
          await other.open(path);
          await other.page.locator('.card, .notice, a').first().waitFor();
          assert.deepEqual(await barriers(other.page), [], `${path} at ${viewport.width}`);
          const wide = await other.page.evaluate<number>('document.documentElement.scrollWidth');
          assert.ok(wide <= viewport.width, `${path} is not wider than ${viewport.width}: ${wide}`);
        }
        await other.page.keyboard.press('?');
        await other.page.getByRole('dialog').waitFor();
        assert.deepEqual(await barriers(other.page), [], 'the help');
        await other.close();
      }
    });
  }

  it(`${ROWS_A_SECOND} rows a second keep ${FRAMES_A_SECOND} frames a second, and the heap flat`, async () => {
    const rush = await startRush(url, ROWS_A_SECOND);
    const rushed = await openConsole(browser as Browser, rush.url);
    try {
      await rushed.open('/orders');
      await smoothness(rushed.page, 8_000);
      const before = await heldBytes(rushed.page);
      const sentBefore = rush.sent();
      const { rate, longestGap } = await smoothness(rushed.page, 10_000);
      const after = await heldBytes(rushed.page);
      const grown = after - before;
      const rows = (rush.sent() - sentBefore) / 10;
      console.log(
        `      ${rows.toFixed(0)} rows and ${rate.toFixed(0)} frames a second, the longest ${longestGap.toFixed(0)} ms; heap ${(after / 1e6).toFixed(1)} MB, grown by ${(grown / 1e6).toFixed(2)} MB`,
      );
      assert.ok(rate >= FRAMES_A_SECOND, `${rate} frames a second`);
      assert.ok(grown < GROWN_BYTES, `the heap grew by ${grown} bytes`);
      assert.equal(await rushed.page.locator('tbody tr').count(), 50);
    } finally {
      await rushed.close();
      await rush.stop();
    }
  });

  it('without a network the page lacks nothing, and no browser complained', () => {
    assert.deepEqual(console_.askedOutside, []);
    assert.deepEqual(console_.complaints, []);
  });

  if (WRITE) {
    it('draws README’s pictures', async () => {
      const begun = performance.now();
      await bustle(stack.httpUrl, () => performance.now() - begun < 60_000);
      let shown = false;
      const more = bustle(stack.httpUrl, () => !shown);
      const waiting = () => placeNth(stack.httpUrl, 1, { restaurant_id: 'demo-manual' });
      const shots = [
        ['console-orders', async () => '/orders', {}],
        ['console-order', async () => `/orders/${await waiting()}`, {}],
        ['console-pipeline', async () => '/pipeline', { colorScheme: 'dark' }],
      ] as const;
      for (const [name, path, options] of shots) {
        const seen = await openConsole(browser as Browser, url, options);
        await seen.open(await path());
        await seen.page.locator('.card').first().waitFor();
        await seen.page.waitForTimeout(3_000);
        await seen.page.screenshot({ path: picture(name) });
        await seen.close();
      }
      shown = true;
      await more;
    });
  }
});
