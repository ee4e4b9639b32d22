/** Small parts that several views show. */
import { html, nothing } from '/assets/vendor/lit-html/lit-html.js';
import { orderStatus } from '../words/statuses.js';

/** @import { Tone } from '../words/statuses.js' */

/** @param {readonly [string, Tone]} state its word and tone */
export const badge = ([word, tone]) => html`<span class="badge ${tone}">${word}</span>`;

/** @param {string} status */
export const statusBadge = (status) => badge(orderStatus(status));

/** Said where a list has no entries. @param {string} title @param {unknown} [text] */
export const empty = (title, text = nothing) =>
  html`<div class="empty"><strong>${title}</strong><span>${text}</span></div>`;

/** A refusal, in words. @param {unknown} error */
export function problem(error) {
  const { message, code } = /** @type {{ message?: string, code?: string }} */ (error ?? {});
  return html`<p class="notice bad" role="alert">
    <span>${message ?? String(error)} ${code ? html`<span class="small">(${code})</span>` : nothing}</span>
  </p>`;
}

/** The head of a view. @param {string} title @param {unknown} [below] @param {unknown} [beside] */
export const heading = (title, below = nothing, beside = nothing) => html`
  <div class="head">
    <div>
      <h1 tabindex="-1">${title}</h1>
      ${below === nothing ? nothing : html`<p>${below}</p>`}
    </div>
    ${beside}
  </div>
`;
