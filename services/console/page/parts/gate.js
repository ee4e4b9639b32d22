/** Asks for a token, where nobody may look without. */
import { html, nothing } from '/assets/vendor/lit-html/lit-html.js';
import { token } from '../data/api.js';

/** @param {{ message: string, code: string }} refused @param {() => void} start tries again */
export function gate(refused, start) {
  const enter = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    token.set(String(new FormData(form).get('token')).trim());
    start();
  };
  const shown = token.get() !== undefined;
  return html`<main class="gate" id="main">
    <form class="card stack" @submit=${enter}>
      <img src="/assets/icon.svg" alt="" width="44" height="44" />
      <h1>Who are you?</h1>
      <p class="quiet">
        This console shows orders to people it knows. Paste the token that your issuer gave you.
        It stays in this tab.
      </p>
      <label class="field">
        <span>Token</span>
        <input name="token" type="password" required autocomplete="off" spellcheck="false"
          aria-describedby=${shown ? 'refused' : nothing} />
      </label>
      ${shown ? html`<p class="notice bad" role="alert" id="refused">${refused.message}</p>` : nothing}
      <button class="button main">Enter</button>
    </form>
  </main>`;
}
