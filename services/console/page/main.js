/** The page: who looks, where they are, and what they see there. */
import { html, nothing, render } from '/assets/vendor/lit-html/lit-html.js';
import { ask, Refusal, token } from './data/api.js';
import { oncePerFrame } from './data/frame.js';
import { Live } from './data/live.js';
import { problem } from './parts/bits.js';
import { gate } from './parts/gate.js';
import { listenForKeys } from './parts/keys.js';
import { places, shell } from './parts/shell.js';
import { toasts } from './parts/toasts.js';
import { viewAt } from './views/view-at.js';

/**
 * @import { Session } from '../http/contract.ts'
 * @import { View } from './views/view-at.js'
 */

/**
 * What views have of the page.
 * @typedef {object} App
 * @property {Session} session
 * @property {Live} live
 * @property {() => void} update paints the next frame
 * @property {(path: string, options?: { replace?: boolean }) => void} go
 * @property {(words: string, bad?: boolean) => void} tell
 * @property {(role: 'operator' | 'restaurant' | 'customer') => boolean} may the caller has the role
 * @property {(count: number) => void} badge how much waits for the person, beside the title
 */

const root = /** @type {HTMLElement} */ (document.getElementById('app'));
/** @type {App | undefined} */
let app;
/** @type {View | undefined} */
let view;
/** @type {unknown} */
let refused;
let waits = 0;
const notes = toasts(() => update());

const update = oncePerFrame(() => {
  if (app === undefined) {
    const asked = refused instanceof Refusal && [401, 403].includes(refused.status);
    const page = asked
      ? gate(/** @type {Refusal} */ (refused), start)
      : refused
        ? html`<main class="gate" id="main">${problem(refused)}</main>`
        : nothing;
    render(page, root);
    return;
  }
  const content = view?.render() ?? nothing;
  render(html`${shell(app, location.pathname, content, leave)}${notes.render()}`, root);
  document.title = `${waits > 0 ? `(${waits}) ` : ''}${view?.title ?? 'Orders'}`;
  view?.painted?.();
});

/** Asks who looks, and begins; without an answer the page says why. */
async function start() {
  refused = undefined;
  try {
    /** @type {Session} */
    const session = await ask('/api/session');
    const live = new Live(() => update());
    app = {
      session,
      live,
      update,
      go,
      tell: notes.tell,
      may: (role) => session.roles.includes(role),
      badge: (count) => {
        waits = count;
      },
    };
    live.start().catch((error) => {
      live.stop();
      app = undefined;
      refused = error;
      update();
    });
    open();
  } catch (error) {
    refused = error;
    update();
    // A server that is not there yet, or is not able, is asked again; a refusal waits for the person.
    if (!(error instanceof Refusal) || error.passes) setTimeout(start, 2_000);
  }
}

/** Forgets the token. */
function leave() {
  token.forget();
  location.assign('/');
}

/** Shows the view of the address; the focus goes to its heading. */
function open({ focus = false, scroll = 0 } = {}) {
  if (app === undefined) return;
  view?.stop?.();
  waits = 0;
  view = viewAt(app, new URL(location.href));
  update();
  if (!focus) return;
  requestAnimationFrame(() => {
    requestAnimationFrame(() => {
      root.querySelector('h1')?.focus({ preventScroll: true });
      scrollTo(0, scroll);
    });
  });
}

/** @param {string} path @param {{ replace?: boolean }} [options] */
function go(path, { replace = false } = {}) {
  if (replace) history.replaceState(null, '', path);
  else {
    history.replaceState({ scroll: scrollY }, '');
    history.pushState(null, '', path);
  }
  open({ focus: !replace });
}

addEventListener('popstate', ({ state }) => open({ focus: true, scroll: state?.scroll ?? 0 }));
addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey);
  if (link === null || !plain || event.defaultPrevented || link.target !== '') return;
  const to = new URL(link.href);
  if (to.origin !== location.origin || to.hash !== '') return;
  event.preventDefault();
  go(to.pathname + to.search);
});
listenForKeys({ go, places: () => (app === undefined ? [] : places(app)) });
// Clocks run in whole seconds.
setInterval(() => {
  if (!document.hidden) update();
}, 1_000);
history.scrollRestoration = 'manual';
await start();
