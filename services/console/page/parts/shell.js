/** What surrounds every view: the way to the others, the state of the connection, the light. */
import { html, nothing } from '/assets/vendor/lit-html/lit-html.js';
import { token } from '../data/api.js';
import { icon } from './icons.js';
import { chooseTheme, theme } from './theme.js';

/** @import { App } from '../main.js' */

/** The views that the caller may open; `key` opens one after `g`. @param {App} app */
export function places({ may }) {
  const all = /** @type {const} */ ([
    { path: '/orders', name: 'Orders', icon: 'orders', key: 'o', for: true },
    {
      path: '/restaurant',
      name: may('operator') ? 'Decide' : 'To decide',
      icon: 'restaurant',
      key: 'r',
      for: may('operator') || may('restaurant'),
    },
    { path: '/pipeline', name: 'Pipeline', icon: 'pipeline', key: 'p', for: may('operator') },
    { path: '/letters', name: 'Letters', icon: 'letters', key: 'l', for: may('operator') },
    { path: '/deadlines', name: 'Deadlines', icon: 'deadlines', key: 'd', for: may('operator') },
    { path: '/audit', name: 'Audit', icon: 'audit', key: 'a', for: may('operator') },
  ]);
  return all.filter((place) => place.for);
}

/** @param {App} app @param {string} path @param {unknown} content @param {() => void} leave */
export function shell(app, path, content, leave) {
  const { live, session } = app;
  const counts = {
    '/orders': [live.pipeline?.overdue ?? 0, 'overdue'],
    '/letters': [live.pipeline?.letters_parked ?? 0, 'parked'],
    '/pipeline': [
      live.pipeline?.parts.filter(({ state }) => state !== 'ready').length ?? 0,
      'not well',
    ],
  };
  const link = (/** @type {ReturnType<typeof places>[number]} */ place) => {
    const here = path === place.path || path.startsWith(`${place.path}/`);
    const [count, words] = counts[/** @type {keyof typeof counts} */ (place.path)] ?? [0, ''];
    return html`<a href=${place.path} aria-current=${here ? 'page' : nothing}>
      ${icon(place.icon)}<span>${place.name}</span>
      ${count ? html`<span class="count bad">${count}<span class="hidden"> ${words}</span></span>` : nothing}
    </a>`;
  };
  return html`<div class="shell">
    <header class="side">
      <a class="brand" href="/orders"><img src="/assets/icon.svg" alt="" />Console</a>
      <nav class="menu" aria-label="Views">${places(app).map(link)}</nav>
      <div class="foot">
        <div class="who quiet small">
          ${
            token.get() !== undefined
              ? html`${session.subject ?? ''} <button class="button bare" @click=${leave}>Leave</button>`
              : html`Press <kbd>?</kbd> for the keys`
          }
        </div>
        <div class="row">${pulse(live.state)}${themes()}</div>
      </div>
    </header>
    <main id="main">${content}</main>
  </div>`;
}

/** @param {'connecting' | 'live' | 'lost'} state */
function pulse(state) {
  const words = { connecting: 'Connecting', live: 'Live', lost: 'Connection lost' }[state];
  return html`<span class="pulse ${state}" role="status">${words}</span>`;
}

const themes = () => html`<div class="themes" role="group" aria-label="Light">
  ${
    /** @type {const} */ (['auto', 'light', 'dark']).map(
      (
        name,
      ) => html`<button type="button" aria-pressed=${theme() === name} @click=${() => chooseTheme(name)}
      aria-label=${{ auto: 'As the system has it', light: 'Light', dark: 'Dark' }[name]}>${icon(name)}</button>`,
    )
  }
</div>`;
