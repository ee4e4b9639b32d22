/** Who may see what in the console where everybody shows a token, by the system's Chromium. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JWTPayload } from 'jose';
import type { Browser } from 'playwright-core';
import { RESTAURANT_CLAIM } from '../shared/contracts/rights/http-rights.ts';
import { localToken, signingKey } from '../shared/credentials/local-token.ts';
import { startChromium } from '../shared/testing/zipkin/chromium.ts';
import { services } from './services.ts';
import { barriers } from './testing/console/accessible.ts';
import { openConsole } from './testing/console/console-page.ts';
import { orderHands } from './testing/order-hands.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';

describe('the console of many people, in a browser', function () {
  this.timeout(120_000);
  let browser: Browser;
  let stack: OrderStack;
  let url: string;

  before(async function () {
    const started = await startChromium();
    if (started === undefined) {
      console.log('      skipped: there is no Chromium → install it, or set CHROMIUM_PATH');
      return this.skip();
    }
    browser = started;
    stack = await startOrderStack({
      zipkin: false,
      services: services.map(({ name }) => name),
      // With a proxy in front nobody is taken for a person of this machine.
      environment: { console: { TRUSTED_PROXIES: '1' } },
    });
    url = `http://127.0.0.1:${stack.ports.console}`;
  });
  after(async () => {
    await browser?.close();
    await stack?.stop();
  });

  /** Shows a token that the stack's own issuer signed. */
  async function tokenOf(claims: JWTPayload): Promise<string> {
    const key = await readFile(join(stack.credentialsDir, ...signingKey), 'utf8');
    return localToken(key, claims, 5);
  }

  it('asks for a token, says why another is not taken, and keeps it in its tab alone', async () => {
    const { page, close, complaints } = await openConsole(browser, url);
    await page.goto(url);
    await page.getByRole('heading', { name: 'Who are you?' }).waitFor();
    assert.deepEqual(await barriers(page), []);
    await page.getByLabel('Token').fill('no.such.token');
    await page.getByRole('button', { name: 'Enter' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Token').fill(await tokenOf({ sub: 'olga', roles: ['operator'] }));
    await page.getByRole('button', { name: 'Enter' }).click();
    await page.getByRole('heading', { name: 'Orders' }).waitFor();
    await page.getByText('olga').waitFor();

    const tab = await page.context().newPage();
    await tab.goto(url);
    await tab.getByRole('heading', { name: 'Who are you?' }).waitFor();
    assert.equal(await tab.evaluate('JSON.stringify(localStorage).includes("ey")'), false);

    await page.getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('heading', { name: 'Who are you?' }).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  it('a restaurant sees its own orders, and no more than them', async () => {
    const hands = orderHands(stack);
    const own = await hands.place({ restaurant: 'demo-manual' });
    const other = await hands.place({ restaurant: 'trattoria' });
    await hands.untilItIs(own, 'Paid', 'debited');
    await hands.untilItIs(other, 'Approved', 'debited');
    const { page, close } = await openConsole(browser, url);
    const claims = { sub: 'gino', roles: ['restaurant'], [RESTAURANT_CLAIM]: 'demo-manual' };
    await page.goto(url);
    await page.getByLabel('Token').fill(await tokenOf(claims));
    await page.getByRole('button', { name: 'Enter' }).click();
    await page.locator(`a[href="/orders/${own}"]`).waitFor();
    assert.equal(await page.locator(`a[href="/orders/${other}"]`).count(), 0);
    const views = await page
      .getByRole('navigation', { name: 'Views' })
      .getByRole('link')
      .allInnerTexts();
    assert.deepEqual(views, ['Orders', 'To decide']);

    await page.getByRole('link', { name: 'To decide' }).click();
    await page.getByRole('heading', { name: 'Orders for demo-manual' }).waitFor();
    const next = await hands.place({ restaurant: 'demo-manual' });
    const ticket = page.getByRole('article', { name: `Order ${next}` });
    await ticket.getByRole('button', { name: 'Approve' }).click();
    await hands.untilItIs(next, 'Approved', 'debited');
    await close();
  });
});
