/** An order's story, step by step, and at its end who it waits for, with a clock that runs. */
import { html, nothing } from '/assets/vendor/lit-html/lit-html.js';
import { longSpan, moment, span } from '../words/format.js';
import { letterState } from '../words/statuses.js';
import { badge } from './bits.js';

/**
 * @import { Letter, Step, Story } from '../../http/contract.ts'
 * @import { Tone } from '../words/statuses.js'
 */

/** @type {Readonly<Record<string, Tone>>} */
const tones = {
  created: 'info',
  paymentdebited: 'info',
  approved: 'good',
  paymentfailed: 'bad',
  rejected: 'bad',
  cancelled: 'bad',
  voidrequested: 'warn',
  paymentvoided: 'good',
};

/** @param {Story} story @param {number} now */
export function timeline({ steps, waiting, letters }, now) {
  return html`<ol class="timeline">
    ${steps.map((step, index) => stepItem(step, index, now))}
    ${letters.map((letter) => letterItem(letter, now))}
    ${waiting ? waitingItem(waiting, now) : nothing}
  </ol>`;
}

/** @param {Step} step @param {number} index @param {number} now */
function stepItem({ event_type, at, after_ms, by, what }, index, now) {
  const tone = tones[event_type.split('.').at(-1) ?? ''] ?? '';
  return html`<li>
    <span class="dot ${tone}"></span>
    <span class="what">${what.charAt(0).toUpperCase() + what.slice(1)}</span>
    <time class="when" datetime=${at}>${moment(at, now)}</time>
    <span class="by">${by}</span>
    <span class="gap">${index === 0 ? nothing : `+ ${span(Math.max(0, after_ms))}`}</span>
  </li>`;
}

/** @param {Letter} letter @param {number} now */
function letterItem(letter, now) {
  const { consumer, deliveries, replays, reason, last_error, parked_at, state } = letter;
  const times = `${deliveries} ${deliveries === 1 ? 'delivery' : 'deliveries'}`;
  return html`<li>
    <span class="dot ${state === 'parked' ? 'bad' : ''}"></span>
    <span class="what">${consumer} gave up after ${times}${
      replays > 0 ? `, ${replays} of them replays` : ''
    }: ${last_error || reason} ${badge(letterState(state))}</span>
    <time class="when" datetime=${parked_at}>${moment(parked_at, now)}</time>
    <span class="by">Dead letter at position ${letter.position} · <a href="/letters">See the letters</a></span>
  </li>`;
}

/** @param {NonNullable<Story['waiting']>} waiting @param {number} now */
function waitingItem({ for: whom, since, until, afterwards, queued, consumers, trouble }, now) {
  const left = until === undefined ? undefined : Date.parse(until) - now;
  const whole = since && until ? Date.parse(until) - Date.parse(since) : undefined;
  return html`<li data-waiting>
    <span class="dot warn waits"></span>
    <span class="what"><strong>Waits for ${whom}</strong></span>
    <span class="when">${since ? `for ${longSpan(now - Date.parse(since))}` : nothing}</span>
    <div class="clock">
      ${(trouble ?? []).map((words) => html`<p class="notice bad" data-trouble>${words}</p>`)}
      ${
        left === undefined
          ? nothing
          : html`<div class="row apart">
            <span class="left ${left < 0 ? 'over' : ''}">${left < 0 ? '− ' : ''}${longSpan(left)}</span>
            <span class="quiet">until ${moment(until ?? '', now)}${queued ? ' at most' : ''}</span>
          </div>
          ${
            whole === undefined
              ? nothing
              : html`<progress max="1" value=${Math.min(1, Math.max(0, 1 - left / whole))}
                aria-label="Of the time that it may wait"></progress>`
          }`
      }
      ${queued ? html`<p>It is still in the queue of ${consumers.join(', ')}.</p>` : nothing}
      <p class="quiet">${left === undefined ? 'Meanwhile' : 'Then'} ${afterwards}.</p>
    </div>
  </li>`;
}
