/** An order that waits for a restaurant, as a slip of paper over the counter. */
import { html, nothing } from '/assets/vendor/lit-html/lit-html.js';
import { longSpan, money, shortId } from '../words/format.js';

/** @import { OrderLine, OrderRow, Session } from '../../http/contract.ts' */

const SOON_MS = 20_000;
/** More lines stand on the page of the order. */
const LINES = 5;

/**
 * @param {OrderRow} row
 * @param {readonly OrderLine[] | undefined} items
 * @param {(decision: 'approve' | 'reject') => void} act
 * @param {Session} session
 */
export function ticket(row, items, act, { currency, restaurant_id }) {
  const left = row.due_at === undefined ? undefined : Date.parse(row.due_at) - Date.now();
  const urgency = left === undefined || left > SOON_MS ? '' : left > 0 ? 'soon' : 'over';
  const where = restaurant_id === undefined ? ` at ${row.restaurant_id}` : '';
  return html`<article class="card ticket ${urgency}" aria-label="Order ${row.order_id}">
    <div>
      <div class="row apart">
        <span class="sum">${money(row.amount, currency)}</span>
        ${left === undefined ? nothing : clock(left)}
      </div>
      <p class="quiet">${row.customer_id ?? 'A customer'}${where} ·
        <a href="/orders/${encodeURIComponent(row.order_id)}" data-entry>${shortId(row.order_id)}</a></p>
      <ul class="ticket-items">
        ${items?.slice(0, LINES).map(({ quantity, name }) => html`<li>${quantity} × ${name}</li>`)}
        ${items && items.length > LINES ? html`<li class="quiet">and ${items.length - LINES} more</li>` : nothing}
      </ul>
    </div>
    <div class="row">
      <button type="button" class="button main" @click=${() => act('approve')}>Approve</button>
      <button type="button" class="button bad" @click=${() => act('reject')}>Reject …</button>
    </div>
  </article>`;
}

/** @param {number} left */
const clock = (left) =>
  left > 0
    ? html`<span class="number">${longSpan(left)} left</span>`
    : html`<span class="number overdue">${longSpan(left)} late</span>`;
