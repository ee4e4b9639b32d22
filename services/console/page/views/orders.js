/** The orders: overdue first, then the newest; those that arrive slide in, and nothing jumps. */
import { html, nothing } from '/assets/vendor/lit-html/lit-html.js';
import { ask } from '../data/api.js';
import { filterOf, matcher, queryOf } from '../data/order-filter.js';
import { isOverdue, OrderRows } from '../data/order-rows.js';
import { empty, heading, problem } from '../parts/bits.js';
import { filterBar, statusTabs } from '../parts/filter-bar.js';
import { icon } from '../parts/icons.js';
import { orderTable } from '../parts/order-table.js';
import { readingWatch } from '../parts/reading.js';
import { slideIn } from '../parts/slide.js';
import { count, rate, span } from '../words/format.js';

/**
 * @import { OrderList } from '../../http/contract.ts'
 * @import { App } from '../main.js'
 * @import { View } from './view-at.js'
 */

/** New orders are let in together, so that the list moves at most once a second. */
const CALM_MS = 1_000;
/** A list that nothing arrives in by itself asks again. */
const AGAIN_MS = 10_000;

/** @param {App} app @param {URL} url @returns {View} */
export function ordersView(app, url) {
  const filter = filterOf(url.searchParams);
  const rows = new OrderRows(matcher(filter));
  const ends = new AbortController();
  /** @type {string | undefined} */
  let cursor;
  /** @type {unknown} */
  let refused;
  let loaded = false;
  let settledAt = 0;
  let came = 0;
  const reading = readingWatch('.orders');

  const page = (/** @type {Record<string, string>} */ more) =>
    /** @type {Promise<OrderList>} */ (
      ask(`/api/orders${queryOf(filter, { limit: '50', ...more })}`, { signal: ends.signal })
    );
  async function first({ calm = false } = {}) {
    try {
      const list = await page({});
      // Under the eyes of who reads, rows change where they stand.
      if (calm && loaded && reading.held()) rows.change(list.rows);
      else {
        rows.start(list.rows, Date.now());
        cursor = list.next_cursor;
      }
      refused = undefined;
      loaded = true;
    } catch (error) {
      if (ends.signal.aborted) return;
      refused = error;
    }
    app.update();
  }
  async function older() {
    try {
      const list = await page({ cursor: cursor ?? '' });
      rows.older(list.rows);
      cursor = list.next_cursor;
    } catch (error) {
      if (!ends.signal.aborted) app.tell(/** @type {Error} */ (error).message, true);
    }
    app.update();
  }
  /** Lets new ones in, at the top of the page. */
  function letIn() {
    settledAt = performance.now();
    came = rows.settle(Date.now());
    app.update();
  }
  function showNew() {
    scrollTo({ top: 0 });
    reading.forget();
    letIn();
  }

  void first();
  const timer = setInterval(() => {
    if (filter.overdue || filter.older_than || refused) void first();
  }, AGAIN_MS);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let soon;
  const again = () => {
    soon = undefined;
    app.update();
  };
  const unfollow = app.live.onOrders(
    ({ rows: changed }) => rows.change(changed),
    () => {
      // Lists by age ask again by themselves.
      if (!filter.overdue && !filter.older_than) void first({ calm: true });
    },
  );

  return {
    title: 'Orders',
    render() {
      const now = Date.now();
      const held = reading.held();
      if (!held && performance.now() - settledAt >= CALM_MS) {
        settledAt = performance.now();
        came = rows.settle(now);
      }
      const late = rows.shown.findIndex(({ row }) => !isOverdue(row, now));
      return html`
        ${heading('Orders', pace(app), finder(app))}
        <div class="orders">
          <div class="orders-bar">
            ${statusTabs(filter, app)} ${filterBar(filter, app)}
          </div>
          ${refused ? problem(refused) : nothing}
          <div class="card orders-card">
            <div class="new-orders">
              ${
                rows.waiting > 0 && held
                  ? html`<button type="button" class="button main" data-new @click=${showNew}>
                    ${count(rows.waiting)} new ${rows.waiting === 1 ? 'order' : 'orders'}</button>`
                  : nothing
              }
            </div>
            ${rows.shown.length > 0 ? orderTable(rows.shown, app.session, now) : nothing}
            ${loaded && rows.shown.length === 0 ? nobody(filter) : nothing}
          </div>
          ${
            cursor
              ? html`<button type="button" class="button older" @click=${older}>Older orders</button>`
              : nothing
          }
          <p class="hidden">${late > 0 ? `${late} orders are overdue and stand first.` : ''}</p>
        </div>
      `;
    },
    painted() {
      if (came > 0) slideIn('.orders tbody', came);
      came = 0;
      if (rows.waiting > 0) soon ??= setTimeout(again, CALM_MS);
    },
    stop() {
      ends.abort();
      clearInterval(timer);
      clearTimeout(soon);
      unfollow();
      reading.stop();
    },
  };
}

/** @param {import('../data/order-filter.js').Filter} filter */
const nobody = (filter) =>
  Object.keys(filter).length > 0
    ? empty('No order is like that', html`<a href="/orders">Show all orders</a>`)
    : empty('No orders yet', 'The first one appears here by itself.');

/** How fast orders come and end. @param {App} app */
function pace({ live: { pipeline } }) {
  if (pipeline === undefined) return nothing;
  const { accepted_per_s, completed_per_s, journey_ms } = pipeline;
  const journey = journey_ms ? html`, half of them within <b>${span(journey_ms.p50)}</b>` : nothing;
  return html`<span class="number"><b>${rate(accepted_per_s)}</b> accepted a second,
    <b>${rate(completed_per_s)}</b> completed${journey}</span>`;
}

/** @param {App} app */
function finder(app) {
  const find = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const id = String(new FormData(form).get('id')).trim();
    if (id !== '') app.go(`/orders/${encodeURIComponent(id)}`);
  };
  return html`<form class="finder" role="search" @submit=${find}>
    ${icon('search')}
    <input name="id" type="search" data-search placeholder="Find an order by its id" aria-label="Order id"
      autocomplete="off" spellcheck="false" />
  </form>`;
}
