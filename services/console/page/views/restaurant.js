/** Orders that wait for a restaurant's decision: the most urgent first, one click each. */

import { repeat } from '/assets/vendor/lit-html/directives/repeat.js';
import { html, nothing } from '/assets/vendor/lit-html/lit-html.js';
import { asked } from '../data/asked.js';
import { orderedItems } from '../data/ordered-items.js';
import { WaitingOrders } from '../data/waiting-orders.js';
import { empty, heading, problem } from '../parts/bits.js';
import { chime } from '../parts/chime.js';
import { decide } from '../parts/decide.js';
import { icon } from '../parts/icons.js';
import { ticket } from '../parts/ticket.js';

/**
 * @import { OrderList, OrderRow } from '../../http/contract.ts'
 * @import { App } from '../main.js'
 * @import { View } from './view-at.js'
 */

const AGAIN_MS = 5_000;
const SOUND = 'sound';

/** @param {App} app @param {URL} url @returns {View} */
export function restaurantView(app, url) {
  const own = app.session.restaurant_id;
  const chosen = own ?? url.searchParams.get('restaurant_id') ?? '';
  const query = new URLSearchParams({
    status: 'Paid',
    limit: '100',
    ...(chosen && { restaurant_id: chosen }),
  });
  /** @type {ReturnType<typeof asked<OrderList>>} */
  const list = asked(`/api/orders?${query}`, { update: app.update, everyMs: AGAIN_MS });
  const orders = new WaitingOrders();
  const items = orderedItems(app.update);
  /** @type {OrderList | undefined} */
  let taken;
  /** @type {Set<string>} */
  let known = new Set();
  let sound = localStorage.getItem(SOUND) === 'on';

  const unfollow = app.live.onOrders(({ rows }) => {
    orders.change(rows.filter((row) => chosen === '' || row.restaurant_id === chosen));
  });

  /** Rings once for what is new. @param {readonly OrderRow[]} rows */
  function notice(rows) {
    app.badge(rows.length);
    const ids = new Set(rows.map(({ order_id }) => order_id));
    if (sound && [...ids].some((id) => !known.has(id))) chime();
    known = ids;
  }

  const act = async (/** @type {OrderRow} */ row, /** @type {'approve' | 'reject'} */ decision) => {
    if (decision === 'approve') orders.decided(row);
    app.update();
    if (await decide(row, decision, app)) orders.decided(row);
    else if (decision === 'approve') orders.undecided(row);
    void list.again();
    app.update();
  };

  return {
    title: 'To decide',
    render() {
      if (list.value !== taken) orders.list(list.value?.rows ?? []);
      taken = list.value;
      const { rows } = orders;
      notice(rows);
      return html`
        ${heading(
          own ? `Orders for ${own}` : 'To decide',
          html`${rows.length} ${rows.length === 1 ? 'order waits' : 'orders wait'} for a decision`,
          html`<div class="row">${own ? nothing : chooser(app, chosen)} ${bell()}</div>`,
        )}
        ${list.refused ? problem(list.refused) : nothing}
        <div class="tickets">
          ${repeat(
            rows,
            ({ order_id }) => order_id,
            (row) =>
              ticket(row, items.of(row.order_id), (decision) => act(row, decision), app.session),
          )}
        </div>
        ${
          list.value && rows.length === 0
            ? html`<div class="card">${empty('Nothing waits', 'The next paid order appears here by itself.')}</div>`
            : nothing
        }
      `;
    },
    stop() {
      list.stop();
      items.stop();
      unfollow();
    },
  };

  function bell() {
    const turn = () => {
      sound = !sound;
      localStorage.setItem(SOUND, sound ? 'on' : 'off');
      if (sound) chime();
      app.update();
    };
    return html`<button type="button" class="button" aria-pressed=${sound} @click=${turn}>
      ${icon('sound')} Sound ${sound ? 'on' : 'off'}</button>`;
  }
}

/** @param {App} app @param {string} chosen */
function chooser(app, chosen) {
  const choose = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const id = String(form.get('restaurant_id')).trim();
    app.go(`/restaurant${id ? `?${new URLSearchParams({ restaurant_id: id })}` : ''}`);
  };
  return html`<form @submit=${choose}>
    <input name="restaurant_id" value=${chosen} placeholder="All restaurants" aria-label="Restaurant"
      autocomplete="off" spellcheck="false" />
  </form>`;
}
