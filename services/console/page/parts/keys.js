/**
 * The keys: `/` to search, `j` and `k` through lists, `g` and a letter to a view, `?` for
 * help. Who types into a field, or turned the keys off there, is left alone.
 */
import { html, render } from '/assets/vendor/lit-html/lit-html.js';

/** @typedef {{ readonly path: string, readonly name: string, readonly key: string }} Place */

const OFF = 'keys.off';
/** After `g`, for so long. */
const PREFIX_MS = 1_500;

/** @param {{ go: (path: string) => void, places: () => readonly Place[] }} page */
export function listenForKeys({ go, places }) {
  let prefixed = 0;
  addEventListener('keydown', (event) => {
    const { target, key } = event;
    const typing = target instanceof Element && target.closest('input, select, textarea, dialog');
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    // Help is always there: it is where keys are turned on again.
    if (key === '?') return help(places());
    if (localStorage.getItem(OFF) !== null) return;
    const place = places().find((one) => one.key === key);
    if (event.timeStamp - prefixed < PREFIX_MS && place) go(place.path);
    else if (key === '/') focus('[data-search]', event);
    else if (key === 'j') step(1, event);
    else if (key === 'k') step(-1, event);
    else if (key === 'u') focus('[data-new]', event, true);
    prefixed = key === 'g' ? event.timeStamp : 0;
  });
}

/** @param {string} selector @param {Event} event @param {boolean} [click] */
function focus(selector, event, click = false) {
  const found = document.querySelector(selector);
  if (!(found instanceof HTMLElement)) return;
  event.preventDefault();
  if (click) found.click();
  else found.focus();
}

/** To the next or the last entry of the list. @param {1 | -1} by @param {Event} event */
function step(by, event) {
  const entries = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-entry]')]);
  if (entries.length === 0) return;
  event.preventDefault();
  const at = entries.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = at === -1 ? 0 : Math.min(Math.max(at + by, 0), entries.length - 1);
  entries[to]?.focus();
}

/** @param {readonly Place[]} places */
function help(places) {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-labelledby', 'keys');
  const turn = (/** @type {Event} */ event) => {
    if (/** @type {HTMLInputElement} */ (event.currentTarget).checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, 'true');
  };
  const line = (/** @type {unknown} */ keys, /** @type {string} */ words) =>
    html`<dt>${words}</dt><dd>${keys}</dd>`;
  render(
    html`<div class="stack">
      <h2 id="keys">Keys</h2>
      <dl class="facts">
        ${line(html`<kbd>/</kbd>`, 'Find an order')}
        ${line(html`<kbd>j</kbd> <kbd>k</kbd>`, 'Down and up a list')}
        ${line(html`<kbd>Enter</kbd>`, 'Open')}
        ${line(html`<kbd>u</kbd>`, 'Show new orders')}
        ${places.map(({ name, key }) => line(html`<kbd>g</kbd> <kbd>${key}</kbd>`, name))}
        ${line(html`<kbd>?</kbd>`, 'This help')}
      </dl>
      <label class="row"><input type="checkbox" @change=${turn}
        ?checked=${localStorage.getItem(OFF) === null} /> Single keys work</label>
      <form method="dialog" class="row ends"><button class="button main">Close</button></form>
    </div>`,
    dialog,
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
