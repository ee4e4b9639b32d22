/** Asks a person, in the browser's own dialog: it holds the focus, Escape closes it. */
import { html, nothing, render } from '/assets/vendor/lit-html/lit-html.js';
import { problem } from './bits.js';

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {unknown} [text]
 * @property {string} action the word on the button that does it
 * @property {boolean} [bad] it takes something away
 * @property {{ label: string, suggestions?: readonly string[], required?: boolean }} [reason] asks for one
 * @property {(reason: string) => Promise<void>} act does it; a rejection is shown, and the dialog stays
 */

/** Resolves once the dialog is closed: true if it was done. @param {Question} question @returns {Promise<boolean>} */
export function askPerson(question) {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-labelledby', 'question');
  document.body.append(dialog);
  return new Promise((resolve) => {
    let done = false;
    let busy = false;
    /** @type {unknown} */
    let refused;
    const draw = () =>
      render(template(question, { busy, refused, submit, close: () => dialog.close() }), dialog);
    const submit = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      if (busy) return;
      const form = /** @type {HTMLFormElement} */ (event.currentTarget);
      const reason = String(new FormData(form).get('reason') ?? '').trim();
      busy = true;
      refused = undefined;
      draw();
      try {
        await question.act(reason);
        done = true;
        dialog.close();
      } catch (error) {
        refused = error;
      }
      busy = false;
      draw();
    };
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(done);
    });
    draw();
    dialog.showModal();
  });
}

/**
 * @param {Question} question
 * @param {{ busy: boolean, refused: unknown, submit: (event: SubmitEvent) => void, close: () => void }} state
 */
function template({ title, text, action, bad, reason }, { busy, refused, submit, close }) {
  return html`<form class="stack" @submit=${submit}>
    <h2 id="question">${title}</h2>
    ${text ? html`<p class="quiet">${text}</p>` : nothing}
    ${
      reason
        ? html`<label class="field">
          <span>${reason.label}</span>
          <input name="reason" maxlength="200" autocomplete="off" autofocus
            ?required=${reason.required !== false} />
        </label>
        ${
          reason.suggestions
            ? html`<div class="row">
              ${reason.suggestions.map(
                (words) =>
                  html`<button type="button" class="button" @click=${fill} value=${words}>${words}</button>`,
              )}
            </div>`
            : nothing
        }`
        : nothing
    }
    ${refused ? problem(refused) : nothing}
    <div class="row ends">
      <button type="button" class="button bare" @click=${close}>Back</button>
      <button class="button ${bad ? 'bad' : 'main'}" aria-disabled=${busy}>${action}</button>
    </div>
  </form>`;
}

/** @param {MouseEvent} event */
function fill(event) {
  const button = /** @type {HTMLButtonElement} */ (event.currentTarget);
  const input = button.form?.elements.namedItem('reason');
  if (!(input instanceof HTMLInputElement)) return;
  input.value = button.value;
  input.focus();
}
