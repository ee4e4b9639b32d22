/** The deadlines that run: which order waits for what, and when its wait ends. */

import { repeat } from '/assets/vendor/lit-html/directives/repeat.js';
import { html, nothing } from '/assets/vendor/lit-html/lit-html.js';
import { asked } from '../data/asked.js';
import { empty, heading, problem } from '../parts/bits.js';
import { longSpan, moment, shortId } from '../words/format.js';

/**
 * @import { DeadlineList } from '../../http/contract.ts'
 * @import { App } from '../main.js'
 * @import { View } from './view-at.js'
 */

const AGAIN_MS = 2_000;
/** @type {Readonly<Record<string, readonly [string, string]>>} */
const kinds = {
  payment: ['the payment', 'cancel the order'],
  review: ['the review', 'cancel the order and refund it'],
  void: ['the refund', 'ask for the refund again'],
};

/** @param {App} app @returns {View} */
export function deadlinesView(app) {
  /** @type {ReturnType<typeof asked<DeadlineList>>} */
  const list = asked('/api/deadlines?limit=100', { update: app.update, everyMs: AGAIN_MS });
  return {
    title: 'Deadlines',
    render() {
      const now = Date.now();
      const rows = list.value?.deadlines ?? [];
      return html`
        ${heading('Deadlines', 'An order that is not answered in time is ended, and its money goes back.')}
        ${list.refused ? problem(list.refused) : nothing}
        ${list.value && rows.length === 0 ? html`<div class="card">${empty('No deadline runs', 'No order waits.')}</div>` : nothing}
        ${rows.length > 0 ? html`<div class="card">${table(rows, now)}</div>` : nothing}
      `;
    },
    stop: list.stop,
  };
}

/** @param {DeadlineList['deadlines']} rows @param {number} now */
const table = (rows, now) => html`<table class="table deadlines">
  <caption class="hidden">Deadlines, those due first</caption>
  <thead><tr>
    <th scope="col">Order</th><th scope="col">Waits for</th><th scope="col" class="middle">Then</th>
    <th scope="col" class="end">Left</th><th scope="col" class="end middle">Due</th>
    <th scope="col" class="end middle">At the latest</th><th scope="col" class="end middle">Failed firings</th>
  </tr></thead>
  <tbody>${repeat(
    rows,
    ({ order_id, kind }) => `${order_id}/${kind}`,
    ({ order_id, kind, due_at, ceiling_at, attempts }) => {
      const left = Date.parse(due_at) - now;
      const [what, then] = kinds[kind] ?? [kind, '–'];
      return html`<tr>
        <td><a href="/orders/${encodeURIComponent(order_id)}" data-entry
          ><span class="hidden">Order </span>${shortId(order_id)}</a></td>
        <td>${what}</td>
        <td class="middle quiet">${then}</td>
        <td class="end">${left > 0 ? longSpan(left) : html`<span class="overdue">due for ${longSpan(left)}</span>`}</td>
        <td class="end middle">${moment(due_at, now)}</td>
        <td class="end middle quiet">${moment(ceiling_at, now)}</td>
        <td class="end middle">${attempts === 0 ? '–' : html`<span class="overdue">${attempts}</span>`}</td>
      </tr>`;
    },
  )}</tbody>
</table>`;
