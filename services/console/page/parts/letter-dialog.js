/** One dead letter with the event that it is about. */
import { html, nothing, render } from '/assets/vendor/lit-html/lit-html.js';
import { ask } from '../data/api.js';
import { moment } from '../words/format.js';
import { letterState } from '../words/statuses.js';
import { badge, problem, statusBadge } from './bits.js';

/**
 * @import { Letter, LetterDetail } from '../../http/contract.ts'
 * @import { App } from '../main.js'
 */

/** Shows it until it is closed. @param {Letter} letter @param {App} app */
export async function letterDialog(letter, { session }) {
  const dialog = document.createElement('dialog');
  dialog.className = 'wide-dialog';
  dialog.setAttribute('aria-labelledby', 'letter');
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('a:not([target])')) dialog.close();
  });
  document.body.append(dialog);
  const draw = (/** @type {unknown} */ content) =>
    render(
      html`<div class="stack">
        <div class="row apart"><h2 id="letter">${letter.consumer}, position ${letter.position}</h2>
          ${badge(letterState(letter.state))}</div>
        ${content}
        <form method="dialog" class="row ends"><button class="button main">Close</button></form>
      </div>`,
      dialog,
    );
  draw(html`<p class="quiet">Loading</p>`);
  dialog.showModal();
  try {
    const path = `${encodeURIComponent(letter.consumer)}/${letter.position}`;
    draw(content(await ask(`/api/letters/${path}`), session.trace_url));
  } catch (error) {
    draw(problem(error));
  }
}

/** @param {LetterDetail} detail @param {string | undefined} traceUrl */
function content({ letter, event, order_id, order_status }, traceUrl) {
  const now = Date.now();
  return html`
    <p class="notice bad">${letter.last_error || letter.reason}</p>
    <dl class="facts">
      <dt>Reason</dt><dd>${letter.reason}</dd>
      <dt>Deliveries</dt><dd>${letter.deliveries}</dd>
      <dt>Replays</dt><dd>${letter.replays}</dd>
      <dt>Parked</dt><dd>${moment(letter.parked_at, now)}</dd>
      ${letter.resolved_at ? html`<dt>Resolved</dt><dd>${moment(letter.resolved_at, now)}</dd>` : nothing}
      ${letter.closed_at ? html`<dt>Closed</dt><dd>${moment(letter.closed_at, now)}: ${letter.close_reason}</dd>` : nothing}
      ${
        order_id
          ? html`<dt>Order</dt><dd><a href="/orders/${encodeURIComponent(order_id)}">${order_id}</a>
            ${order_status ? statusBadge(order_status) : nothing}</dd>`
          : nothing
      }
      ${
        letter.trace_id && traceUrl
          ? html`<dt>Trace</dt><dd><a target="_blank" rel="noreferrer"
              href=${traceUrl.replace('{trace_id}', encodeURIComponent(letter.trace_id))}>${letter.trace_id.slice(0, 8)} ↗</a></dd>`
          : nothing
      }
    </dl>
    <pre class="code" tabindex="0" role="region" aria-label="Event">${
      event ? JSON.stringify(event, null, 2) : 'The log has no event at this position.'
    }</pre>
  `;
}
