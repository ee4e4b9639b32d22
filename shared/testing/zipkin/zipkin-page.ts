import type { Browser, Page } from 'playwright-core';
import { eventually } from '../eventually.ts';

/** A trace as Zipkin's page shows it to a person. */
export interface ShownTrace {
  readonly heading: string;
  /** One line per span, `service: name`, each level indented by two spaces. */
  readonly tree: readonly string[];
  /** The text of the whole page, to look for more. */
  readonly text: string;
}

/** One thing to search by: its name on the page, such as `tagQuery`, and its value (`name=value` for a tag). */
export type Criterion = readonly ['serviceName' | 'spanName' | 'tagQuery', string];

/** Zipkin's page in a browser. */
export interface ZipkinPage {
  /** Opens the trace by its id and reads it once `spans` spans are shown; rejects after ten seconds. */
  readonly openTrace: (traceId: string, spans: number) => Promise<ShownTrace>;
  /** Searches by these on the search page, as a person does; resolves with the text of each result. */
  readonly search: (by: readonly Criterion[]) => Promise<readonly string[]>;
  /** Opens the one result of the last search, and reads it as `openTrace` does. */
  readonly openResult: (spans: number) => Promise<ShownTrace>;
  /** Selects the first span of this line, `service: name`; resolves with the page's text, which then has its tags. */
  readonly select: (line: string) => Promise<string>;
  /** What is on the screen now, as PNG. */
  readonly picture: () => Promise<Buffer>;
  /** Addresses outside Zipkin that the page requested; they got no answer. */
  readonly askedOutside: readonly string[];
  readonly close: () => Promise<void>;
}

// High enough for every span of an order: the page renders only visible rows.
const SCREEN = { width: 1400, height: 1220 };
// A browser that starts on a busy machine takes its time.
const PATIENCE_MS = 30_000;

/** How many are below it (for a span that has any), `service: name`, and its duration. */
const ROW = /^(?:(\d+)\n)?(\S+: .+)\n[\d.,]+(?:μs|ms|s)$/gm;

/** A new page for the Zipkin at `zipkinUrl`, which need not be open to the world: the page asks nobody else. */
export async function openZipkin(browser: Browser, zipkinUrl: string): Promise<ZipkinPage> {
  const page = await browser.newPage({ viewport: SCREEN, locale: 'en-US' });
  page.setDefaultTimeout(PATIENCE_MS);
  const askedOutside: string[] = [];
  await page.route(
    (url) => url.origin !== new URL(zipkinUrl).origin,
    (route) => {
      askedOutside.push(route.request().url());
      return route.abort();
    },
  );
  return {
    openTrace: async (traceId, spans) => {
      await page.goto(`${zipkinUrl}/zipkin/traces/${traceId}`);
      return await shownTrace(page, spans);
    },
    search: async (by) => {
      await page.goto(`${zipkinUrl}/zipkin/`);
      await page.getByTestId('add-button').click();
      // After each one the page offers the next.
      for (const [name, value] of by) {
        await page.getByText(name, { exact: true }).click();
        await page.keyboard.type(value);
        await page.keyboard.press('Enter');
      }
      await page.getByRole('button', { name: 'Run query' }).click();
      await page.getByText(/^\d+ Results?$/).waitFor();
      return await results(page).allInnerTexts();
    },
    openResult: async (spans) => {
      await results(page).getByText('Show').click();
      return await shownTrace(page, spans);
    },
    select: async (line) => {
      const [service = ''] = line.split(':', 1);
      await page.getByText(line, { exact: true }).first().click();
      await page.getByRole('cell', { name: service, exact: true }).last().waitFor();
      return await page.locator('body').innerText();
    },
    picture: () => page.screenshot(),
    askedOutside,
    close: () => page.close(),
  };
}

/** Rows of the table of results, without its head and the folded details below each. */
const results = (page: Page) => page.getByRole('row').filter({ hasText: 'Show' });

function shownTrace(page: Page, spans: number): Promise<ShownTrace> {
  return eventually(
    `Zipkin's page shows ${spans} spans`,
    async () => {
      const text = await page.locator('body').innerText();
      const tree = treeOf(text);
      const heading = await page.getByRole('heading', { level: 6 }).innerText();
      return tree.length === spans && { heading, tree, text };
    },
    PATIENCE_MS,
  );
}

/** Depth first, each with the number of all below it, which gives the tree. */
function treeOf(text: string): readonly string[] {
  const ends: number[] = [];
  return [...text.matchAll(ROW)].map(([, below, line], index) => {
    while (index >= (ends.at(-1) ?? Number.POSITIVE_INFINITY)) ends.pop();
    const depth = ends.length;
    ends.push(index + 1 + Number(below ?? 0));
    return `${'  '.repeat(depth)}${line}`;
  });
}
