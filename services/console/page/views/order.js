/** One order: its story, who it waits for, what may be done, and everything that was written down. */
import { html, nothing } from '/assets/vendor/lit-html/lit-html.js';
import { asked } from '../data/asked.js';
import { badge, problem, statusBadge } from '../parts/bits.js';
import { decide, decisions } from '../parts/decide.js';
import { timeline } from '../parts/timeline.js';
import { moment, money, span } from '../words/format.js';
import { paymentStatus } from '../words/statuses.js';

/**
 * @import { OrderDetail } from '../../http/contract.ts'
 * @import { App } from '../main.js'
 * @import { Decision } from '../parts/decide.js'
 * @import { View } from './view-at.js'
 */

/** What troubles a waiting order may change without an event. */
const AGAIN_MS = 3_000;

const words = { approve: 'Approve', reject: 'Reject …', cancel: 'Cancel …' };

/** @param {App} app @param {string} id @returns {View} */
export function orderView(app, id) {
  /** @type {ReturnType<typeof asked<OrderDetail>>} */
  const detail = asked(`/api/orders/${encodeURIComponent(id)}`, { update: app.update });
  const unfollow = app.live.onOrders(({ rows }) => {
    if (rows.some(({ order_id }) => order_id === id)) void detail.again();
  });
  const timer = setInterval(() => {
    const done = detail.value !== undefined && detail.value.story.waiting === undefined;
    if (!done && !document.hidden) void detail.again();
  }, AGAIN_MS);
  return {
    title: 'Order',
    render: () => html`
      <div class="stack">
        <a class="back" href="/orders">← Orders</a>
        ${detail.refused ? problem(detail.refused) : nothing}
        ${detail.value ? page(detail.value) : html`<h1 tabindex="-1">Order</h1>`}
      </div>
    `,
    stop() {
      detail.stop();
      unfollow();
      clearInterval(timer);
    },
  };

  /** @param {OrderDetail} value */
  function page({ order, story, events }) {
    const now = Date.now();
    return html`
      <div class="head"><div>
        <div class="title-line"><h1 tabindex="-1">${order.customer_id ?? 'A customer'} at ${order.restaurant_id}</h1>
          ${statusBadge(order.status)}</div>
        <p class="mono">${order.order_id}</p>
      </div></div>
      <div class="order-page">
        <div class="stack">
          <section class="card padded stack" aria-labelledby="story">
            <div class="row apart"><h2 id="story">What happened</h2>${took(story)}</div>
            ${timeline(story, now)}
          </section>
          <details class="card padded raw">
            <summary>Events as stored (${events.length})</summary>
            <pre class="code" tabindex="0" role="region" aria-label="Events">${JSON.stringify(events, null, 2)}</pre>
          </details>
        </div>
        <div class="stack aside">${bill(order)} ${actions(order)} ${facts(order, story, now)}</div>
      </div>
    `;
  }

  /** @param {OrderDetail['order']} order */
  function bill(order) {
    const { currency } = app.session;
    return html`<section class="card padded stack first" aria-label="What was ordered">
      <div class="row apart"><span class="sum">${money(order.amount, currency)}</span>
        ${badge(paymentStatus(order.payment_status))}</div>
      <ul class="items">
        ${order.items.map(
          ({ name, quantity, unit_price }) =>
            html`<li><span>${quantity} × ${name}</span><span class="number quiet">${money(unit_price, currency)}</span></li>`,
        )}
      </ul>
    </section>`;
  }

  /** @param {OrderDetail['order']} order */
  function actions(order) {
    const may = decisions(order, app);
    if (may.length === 0) return nothing;
    const act = async (/** @type {Decision} */ decision) => {
      if (await decide(order, decision, app)) void detail.again();
    };
    return html`<section class="card padded actions first" aria-label="Decide">
      ${may.map(
        (decision) => html`<button type="button" @click=${() => act(decision)}
          class="button ${decision === 'approve' ? 'main' : 'bad'}">${words[decision]}</button>`,
      )}
    </section>`;
  }

  /** @param {OrderDetail['order']} order @param {OrderDetail['story']} story @param {number} now */
  function facts(order, { trace_ids, compensation }, now) {
    const { trace_url } = app.session;
    return html`<section class="card padded" aria-label="Details"><dl class="facts">
      <dt>Customer</dt><dd>${order.customer_id ?? 'sealed'}</dd>
      <dt>Restaurant</dt><dd>${order.restaurant_id}</dd>
      <dt>Placed</dt><dd>${moment(order.created_at, now)}</dd>
      <dt>Changed</dt><dd>${moment(order.changed_at, now)}</dd>
      <dt>Version</dt><dd>${order.version}</dd>
      ${order.reason ? html`<dt>Reason</dt><dd>${order.reason}</dd>` : nothing}
      ${compensation ? html`<dt>Refund</dt><dd>${settled(compensation)}</dd>` : nothing}
      ${trace_ids.map(
        (trace) =>
          html`<dt>Trace</dt><dd>${
            trace_url
              ? html`<a href=${trace_url.replace('{trace_id}', encodeURIComponent(trace))} target="_blank"
                rel="noreferrer">${trace.slice(0, 8)}<span class="hidden"> in a new tab</span> ↗</a>`
              : html`<span class="mono">${trace}</span>`
          }</dd>`,
      )}
    </dl></section>`;
  }
}

/** @param {OrderDetail['story']} story */
function took({ steps, waiting }) {
  const [first, last] = [steps[0], steps.at(-1)];
  if (waiting || !first || !last || steps.length < 2) return nothing;
  const ms = Math.max(0, Date.parse(last.at) - Date.parse(first.at));
  return html`<span class="quiet small number">${steps.length} events in ${span(ms)}</span>`;
}

/** @param {NonNullable<OrderDetail['story']['compensation']>} compensation */
function settled({ state, took_ms }) {
  if (state === 'done') return took_ms === undefined ? 'settled' : `settled after ${span(took_ms)}`;
  return state === 'asked' ? 'requested' : 'due';
}
