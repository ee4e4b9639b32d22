/** Short words about what was done; they go away by themselves, and screen readers say them. */
import { html } from '/assets/vendor/lit-html/lit-html.js';

const SHOWN_MS = 6_000;
const MOST = 4;

/** @param {() => void} update paints */
export function toasts(update) {
  /** @type {{ readonly words: string, readonly bad: boolean }[]} */
  let shown = [];
  const close = (/** @type {(typeof shown)[number]} */ one) => {
    shown = shown.filter((other) => other !== one);
    update();
  };
  return {
    /** @param {string} words @param {boolean} [bad] */
    tell(words, bad = false) {
      const one = { words, bad };
      shown = [...shown, one].slice(-MOST);
      setTimeout(() => close(one), SHOWN_MS);
      update();
    },
    render: () => html`<div class="toasts" role="status" aria-live="polite">
      ${shown.map(
        (one) => html`<p class="toast ${one.bad ? 'bad' : ''}"><span>${one.words}</span>
          <button type="button" aria-label="Close" @click=${() => close(one)}>✕</button></p>`,
      )}
    </div>`,
  };
}
