/** What narrows the list of orders: the status as tabs, the rest in a form. */
import { html, nothing } from '/assets/vendor/lit-html/lit-html.js';
import { FIELDS, narrowed, queryOf } from '../data/order-filter.js';
import { count } from '../words/format.js';
import { ORDER_STATUSES, orderStatus } from '../words/statuses.js';
import { icon } from './icons.js';

/**
 * @import { App } from '../main.js'
 * @import { Field, Filter } from '../data/order-filter.js'
 */

/** @param {Filter} filter @param {App} app */
export function statusTabs(filter, { live: { pipeline } }) {
  const { status, overdue, ...rest } = filter;
  const open = pipeline?.open && pipeline.open.Pending + pipeline.open.Paid;
  /** @type {readonly (readonly [Filter, string, number | undefined, string])[]} */
  const tabs = [
    [{}, 'All', undefined, ''],
    [{ status: 'open' }, 'Open', open, ''],
    [{ overdue: 'true' }, 'Overdue', pipeline?.overdue, 'bad'],
    ...ORDER_STATUSES.map(
      (name) => /** @type {const} */ ([{ status: name }, orderStatus(name)[0], undefined, '']),
    ),
  ];
  return html`<nav class="tabs" aria-label="Status">
    ${tabs.map(([narrow, name, amount, tone]) => {
      const here = narrow.status === status && narrow.overdue === overdue;
      return html`<a href="/orders${queryOf({ ...rest, ...narrow })}"
        aria-current=${here ? 'true' : nothing}>${name}
        ${amount ? html`<span class="count ${tone}">${count(amount)}</span>` : nothing}</a>`;
    })}
  </nav>`;
}

/** @param {Filter} filter @param {App} app */
export function filterBar(filter, app) {
  const apply = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const fields = Object.fromEntries(
      Object.keys(FIELDS).flatMap((name) => {
        const value = String(form.get(name) ?? '').trim();
        return value === '' ? [] : [[name, value]];
      }),
    );
    const { status, overdue } = filter;
    app.go(
      `/orders${queryOf({ ...(status && { status }), ...(overdue && { overdue }), ...fields })}`,
    );
  };
  const set = narrowed(filter);
  return html`<details class="filters" ?open=${set > 0}>
    <summary class="button">${icon('filter')} Filter
      ${set > 0 ? html`<span class="count">${set}<span class="hidden"> set</span></span>` : nothing}</summary>
    <form @submit=${apply}>
      ${Object.entries(FIELDS).map(([name, label]) => field(/** @type {Field} */ (name), label, filter))}
      <div class="row">
        <button class="button main">Apply</button>
        ${set > 0 ? html`<a class="button bare" href="/orders">Clear</a>` : nothing}
      </div>
    </form>
  </details>`;
}

/** Ages to choose from, in seconds. */
const ages = { 60: '1 minute', 300: '5 minutes', 3600: '1 hour', 86400: '1 day' };

/** @param {Field} name @param {string} label @param {Filter} filter */
const field = (name, label, filter) => html`<label class="field">
  <span>${label}</span>
  ${
    name === 'older_than'
      ? age(filter.older_than)
      : html`<input name=${name} value=${filter[name] ?? ''} autocomplete="off" spellcheck="false"
          inputmode=${name.endsWith('_id') ? 'text' : 'decimal'} />`
  }
</label>`;

/** @param {string | undefined} chosen */
function age(chosen) {
  // An address may ask for any age.
  const all = Object.entries({ ...(chosen && { [chosen]: `${chosen} s` }), ...ages });
  return html`<select name="older_than">
    <option value="">Any age</option>
    ${all.map(([seconds, words]) => html`<option value=${seconds} ?selected=${seconds === chosen}>${words}</option>`)}
  </select>`;
}
