/** The console in a browser, as a person has it. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

export interface ConsolePage {
  readonly page: Page;
  /** Opens the view at this path, in a page that starts over. */
  readonly open: (path: string) => Promise<void>;
  /** What the browser complained about: errors of scripts, refused contents, failed requests. */
  readonly complaints: readonly string[];
  /** Addresses outside the console that the page requested; they got no answer. */
  readonly askedOutside: readonly string[];
  readonly close: () => Promise<void>;
}

// A browser on a busy machine takes its time.
const PATIENCE_MS = 20_000;
const SCREEN = { width: 1280, height: 900 };

/** A new page with a storage of its own for the console at `url`. It may ask nobody else. The caller closes it. */
export async function openConsole(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<ConsolePage> {
  const context = await browser.newContext({ viewport: SCREEN, locale: 'en-GB', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  const askedOutside: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // A refusal is an answer, which the page shows in words; the browser reports it here, too.
    const refusal = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !refusal) complaints.push(message.text());
  });
  await page.route(
    (asked) => asked.origin !== new URL(url).origin,
    (route) => {
      askedOutside.push(route.request().url());
      return route.abort();
    },
  );
  return {
    page,
    open: async (path) => {
      await page.goto(`${url}${path}`);
      await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
    },
    complaints,
    askedOutside,
    close: () => context.close(),
  };
}
