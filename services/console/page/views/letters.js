/** Dead letters: what consumers gave up, by reason; look, try, replay or close, one or many. */
import { html, nothing } from '/assets/vendor/lit-html/lit-html.js';
import { ask } from '../data/api.js';
import { asked } from '../data/asked.js';
import { badge, empty, heading, problem, statusBadge } from '../parts/bits.js';
import { askPerson } from '../parts/dialog.js';
import { letterDialog } from '../parts/letter-dialog.js';
import { count, moment } from '../words/format.js';
import { letterState } from '../words/statuses.js';

/**
 * @import { Letter, LetterGroups, LetterName, LettersDone } from '../../http/contract.ts'
 * @import { App } from '../main.js'
 * @import { View } from './view-at.js'
 */

const AGAIN_MS = 3_000;
/** As many as the server takes at once. */
const AT_ONCE = 100;
const states = {
  parked: 'Parked',
  requested: 'Being replayed',
  resolved: 'Resolved',
  closed: 'Closed',
  all: 'All',
};

const nameOf = (/** @type {LetterName} */ { consumer, position }) => `${consumer}/${position}`;

/** @param {App} app @param {URL} url @returns {View} */
export function lettersView(app, url) {
  const state = url.searchParams.get('state') ?? 'parked';
  const after = url.searchParams.get('after');
  /** @type {ReturnType<typeof asked<LetterGroups>>} */
  const list = asked(`/api/letters?${new URLSearchParams({ state, ...(after && { after }) })}`, {
    update: app.update,
    everyMs: AGAIN_MS,
  });
  /** @type {Map<string, LetterName>} */
  const chosen = new Map();
  /** What the last dry run said, by name. @type {Map<string, LettersDone['results'][number]>} */
  let tried = new Map();

  const letters = () => (list.value?.groups ?? []).flatMap((group) => group.letters);
  /** Those that are chosen and still there. */
  function targets() {
    const there = new Set(letters().map(nameOf));
    return [...chosen.values()].filter((one) => there.has(nameOf(one))).slice(0, AT_ONCE);
  }
  const choose = (/** @type {readonly Letter[]} */ ones, /** @type {boolean} */ on) => {
    for (const { consumer, position } of ones) {
      if (on) chosen.set(nameOf({ consumer, position }), { consumer, position });
      else chosen.delete(nameOf({ consumer, position }));
    }
    app.update();
  };
  /** Tells what was done with many. @param {LettersDone} done @param {string} words */
  function report({ results }, words) {
    const refused = results.filter(({ outcome }) => outcome === 'refused');
    const rest = results.length - refused.length;
    const why = refused[0]
      ? ` ${refused.length} refused: ${refused[0].message ?? refused[0].code}`
      : '';
    app.tell(`${rest} ${rest === 1 ? 'letter' : 'letters'} ${words}.${why}`, refused.length > 0);
    tried = new Map();
    // Those beyond a hundred were not sent.
    for (const one of results) chosen.delete(nameOf(one));
    void list.again();
  }
  const post = (/** @type {string} */ what, /** @type {object} */ body) =>
    /** @type {Promise<LettersDone>} */ (ask(`/api/letters/${what}`, { method: 'POST', body }));
  async function attempt(/** @type {() => Promise<void>} */ work) {
    try {
      await work();
    } catch (error) {
      app.tell(/** @type {Error} */ (error).message, true);
    }
    app.update();
  }
  const actions = {
    dryRun: (/** @type {readonly LetterName[]} */ ones) =>
      attempt(async () => {
        const { results } = await post('replay', { letters: ones, dry_run: true });
        tried = new Map(results.map((one) => [nameOf(one), one]));
      }),
    replay: (/** @type {readonly LetterName[]} */ ones) =>
      attempt(async () =>
        report(await post('replay', { letters: ones }), 'handed back for a replay'),
      ),
    close: (/** @type {readonly LetterName[]} */ ones) =>
      askPerson({
        title: ones.length === 1 ? 'Close this letter?' : `Close ${ones.length} letters?`,
        text: 'A closed letter is never processed. Its event stays in the log.',
        action: 'Close for good',
        bad: true,
        reason: {
          label: 'Why does it need no answer?',
          suggestions: ['Handled by hand', 'A test', 'Not one of ours'],
        },
        act: async (reason) => report(await post('close', { letters: ones, reason }), 'closed'),
      }),
  };

  return {
    title: 'Dead letters',
    render() {
      const ones = targets();
      return html`
        ${heading('Dead letters', 'Messages that a consumer gave up. When the cause is fixed, replay them.')}
        <nav class="tabs" aria-label="State">${Object.entries(states).map(
          ([name, words]) =>
            html`<a href="/letters?state=${name}" aria-current=${name === state ? 'true' : nothing}>${words}</a>`,
        )}</nav>
        ${list.refused ? problem(list.refused) : nothing}
        ${(list.value?.groups ?? []).map(groupCard)}
        ${after || list.value?.next ? pages(list.value?.next) : nothing}
        ${
          list.value?.groups.length === 0
            ? html`<div class="card">${empty(state === 'parked' ? 'Nothing is parked' : 'There are no such letters', 'Every message was answered.')}</div>`
            : nothing
        }
        ${ones.length > 0 ? bulk(ones) : nothing}
      `;
    },
    stop: list.stop,
  };

  /** Where more are than are shown at once. @param {LetterName | undefined} next */
  function pages(next) {
    const to = (/** @type {Record<string, string>} */ more) =>
      `/letters?${new URLSearchParams({ state, ...more })}`;
    return html`<p class="notice warn">
      ${after ? 'These are not the oldest letters.' : 'These are the oldest letters.'}
      ${after ? html`<a href=${to({})}>Show the oldest</a>` : nothing}
      ${next ? html`There are later ones: <a href=${to({ after: nameOf(next) })}>show them</a>` : nothing}
    </p>`;
  }

  /** @param {LetterGroups['groups'][number]} group */
  function groupCard({ consumer, reason, count: size, letters }) {
    const all = letters.every((one) => chosen.has(nameOf(one)));
    return html`<section class="card">
      <div class="group-head">
        <label class="tick"><input type="checkbox" .checked=${all} aria-label="Choose all of ${consumer}, ${reason}"
          @change=${(/** @type {Event} */ { currentTarget }) =>
            choose(letters, /** @type {HTMLInputElement} */ (currentTarget).checked)} /></label>
        <div><h2>${reason}</h2><p class="small quiet">${consumer}</p></div>
        <span class="count bad">${count(size)}</span>
      </div>
      <ul class="letters">${letters.map(letterItem)}</ul>
      ${size > letters.length ? html`<p class="small quiet more">The newest ${letters.length} of ${count(size)}</p>` : nothing}
    </section>`;
  }

  /** @param {Letter} letter */
  function letterItem(letter) {
    const name = nameOf(letter);
    const trial = tried.get(name);
    const times = `${letter.deliveries} ${letter.deliveries === 1 ? 'delivery' : 'deliveries'}`;
    return html`<li class="letter" data-letter=${name}>
      <label class="tick"><input type="checkbox" .checked=${chosen.has(name)} aria-label="Choose position ${letter.position}"
        @change=${(/** @type {Event} */ { currentTarget }) =>
          choose([letter], /** @type {HTMLInputElement} */ (currentTarget).checked)} /></label>
      <div class="letter-text">
        <button type="button" class="link" data-entry @click=${() => letterDialog(letter, app)}>
          Position ${count(letter.position)}</button>
        <span class="words">${letter.last_error || letter.reason}</span>
        <span class="small quiet">${times}${letter.replays > 0 ? `, ${letter.replays} replayed` : ''}, parked
          ${moment(letter.parked_at, Date.now())}${letter.close_reason ? html`, closed: ${letter.close_reason}` : nothing}</span>
        ${trial ? outcome(trial) : nothing}
      </div>
      ${state === 'parked' ? nothing : badge(letterState(letter.state))}
      ${
        letter.state === 'parked'
          ? html`<div class="row letter-does">
            <button type="button" class="button" @click=${() => actions.replay([letter].map(short))}>Replay</button>
            <button type="button" class="button bare" @click=${() => actions.close([letter].map(short))}>Close …</button>
          </div>`
          : nothing
      }
    </li>`;
  }

  /** @param {readonly LetterName[]} ones */
  function bulk(ones) {
    return html`<div class="card bulk" role="region" aria-label="Chosen letters">
      <strong>${ones.length} chosen</strong>
      <div class="row">
        <button type="button" class="button" @click=${() => actions.dryRun(ones)}>Dry run</button>
        <button type="button" class="button main" @click=${() => actions.replay(ones)}>Replay</button>
        <button type="button" class="button bad" @click=${() => actions.close(ones)}>Close …</button>
      </div>
    </div>`;
  }
}

/** @param {Letter} letter @returns {LetterName} */
const short = ({ consumer, position }) => ({ consumer, position });

/** What a dry run said. @param {LettersDone['results'][number]} result */
const outcome = ({
  outcome,
  message,
  code,
  order_status,
}) => html`<p class="small trial" role="status">
  ${outcome === 'refused' ? html`Would be refused: ${message ?? code}` : 'Would be processed again.'}
  ${order_status ? html` Its order is ${statusBadge(order_status)}` : nothing}
</p>`;
