/** Which view an address shows. */
import { html } from '/assets/vendor/lit-html/lit-html.js';
import { heading } from '../parts/bits.js';
import { auditView } from './audit.js';
import { deadlinesView } from './deadlines.js';
import { lettersView } from './letters.js';
import { orderView } from './order.js';
import { ordersView } from './orders.js';
import { pipelineView } from './pipeline.js';
import { restaurantView } from './restaurant.js';

/** @import { App } from '../main.js' */

/**
 * @typedef {object} View
 * @property {string} title
 * @property {() => unknown} render what it shows now
 * @property {() => void} [painted] after it was painted
 * @property {() => void} [stop] it is left: ends its requests and listeners
 */

/** @type {readonly (readonly [RegExp, (app: App, match: readonly string[], url: URL) => View])[]} */
const views = [
  [/^\/(?:orders\/?)?$/, (app, _match, url) => ordersView(app, url)],
  [/^\/orders\/([^/]+)$/, (app, [, id = '']) => orderView(app, decodeURIComponent(id))],
  [/^\/restaurant$/, (app, _match, url) => restaurantView(app, url)],
  [/^\/pipeline$/, (app) => pipelineView(app)],
  [/^\/letters$/, (app, _match, url) => lettersView(app, url)],
  [/^\/deadlines$/, (app) => deadlinesView(app)],
  [/^\/audit$/, (app) => auditView(app)],
];

/** @param {App} app @param {URL} url @returns {View} */
export function viewAt(app, url) {
  for (const [pattern, view] of views) {
    const match = pattern.exec(url.pathname);
    if (match !== null) return view(app, match, url);
  }
  return {
    title: 'Not found',
    render: () =>
      html`${heading('There is nothing here', html`<a href="/orders">To the orders</a>`)}`,
  };
}
