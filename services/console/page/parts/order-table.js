/** Orders as a table; on a phone the same table with fewer columns. */

import { repeat } from '/assets/vendor/lit-html/directives/repeat.js';
import { html } from '/assets/vendor/lit-html/lit-html.js';
import { isOverdue } from '../data/order-rows.js';
import { longSpan, moment, money, shortId } from '../words/format.js';
import { statusBadge } from './bits.js';

/**
 * @import { OrderRow, Session } from '../../http/contract.ts'
 * @import { Shown } from '../data/order-rows.js'
 */

/** @param {readonly Shown[]} shown @param {Session} session @param {number} now */
export const orderTable = (shown, session, now) => html`<table class="table order-table">
  <caption class="hidden">Orders, overdue first, then the newest</caption>
  <thead>
    <tr>
      <th scope="col">Order</th>
      <th scope="col" class="wide">Customer</th>
      <th scope="col" class="wide">Restaurant</th>
      <th scope="col" class="end">Amount</th>
      <th scope="col">Status</th>
      <th scope="col" class="middle">Waits for</th>
      <th scope="col" class="middle end">Placed</th>
    </tr>
  </thead>
  <tbody>
    ${repeat(
      shown,
      ({ row }) => row.order_id,
      (one) => line(one, session, now),
    )}
  </tbody>
</table>`;

/** @param {Shown} one @param {Session} session @param {number} now */
function line({ row, fresh, gone }, { currency }, now) {
  const late = isOverdue(row, now);
  return html`<tr class="${late ? 'late' : ''} ${fresh ? 'fresh' : ''} ${gone ? 'gone' : ''}">
    <td>
      <a class="whole" data-entry href="/orders/${encodeURIComponent(row.order_id)}"
        ><span class="hidden">Order </span>${shortId(row.order_id)}</a>
      <span class="below small quiet">${customer(row)} → ${row.restaurant_id}</span>
    </td>
    <td class="wide">${customer(row)}</td>
    <td class="wide">${row.restaurant_id}</td>
    <td class="end">${money(row.amount, currency)}</td>
    <td>${statusBadge(row.status)}</td>
    <td class="middle">${waits(row, now)}</td>
    <td class="middle end quiet">${moment(row.created_at, now)}</td>
  </tr>`;
}

const customer = (/** @type {OrderRow} */ row) => row.customer_id ?? 'a customer';

const turns = { payment: 'payment', restaurant: 'restaurant', refund: 'refund' };

/** In its largest unit: nobody counts the seconds of an hour. @param {number} ms */
const late = (ms) => longSpan(ms).split(' ').slice(0, 2).join(' ');

/** Who, and for how long still. @param {OrderRow} row @param {number} now */
export function waits({ waits_for, due_at }, now) {
  if (waits_for === undefined) return html`<span class="quiet">–</span>`;
  if (due_at === undefined) return turns[waits_for];
  const left = Date.parse(due_at) - now;
  return left > 0
    ? html`${turns[waits_for]} <span class="quiet number">${longSpan(left)}</span>`
    : html`${turns[waits_for]} <span class="overdue number">${late(left)} late</span>`;
}
