/** Whether all books agree: run the audit, watch it, see what differs, repair what is derived. */
import { html, nothing } from '/assets/vendor/lit-html/lit-html.js';
import { ask } from '../data/api.js';
import { asked } from '../data/asked.js';
import { badge, empty, heading, problem } from '../parts/bits.js';
import { askPerson } from '../parts/dialog.js';
import { count, moment, span } from '../words/format.js';

/**
 * @import { Audit, AuditResult, Finding } from '../../http/contract.ts'
 * @import { App } from '../main.js'
 * @import { View } from './view-at.js'
 * @import { Tone } from '../words/statuses.js'
 */

const AGAIN_MS = 1_000;

/** @type {Readonly<Record<AuditResult['verdict'], readonly [string, Tone]>>} */
const verdicts = {
  right: ['All books agree', 'good'],
  waiting: ['All books agree, but something waits', 'warn'],
  unreachable: ['Some books could not be read', 'warn'],
  wrong: ['Books differ', 'bad'],
};

/** @param {App} app @returns {View} */
export function auditView(app) {
  /** @type {ReturnType<typeof asked<Audit>>} */
  const latest = asked('/api/audits/latest', { update: app.update, everyMs: AGAIN_MS });
  const send = async (/** @type {string} */ path) => {
    latest.value = await ask(path, { method: 'POST' });
    latest.refused = undefined;
    app.update();
  };
  const run = async () => {
    try {
      await send('/api/audits');
    } catch (error) {
      app.tell(/** @type {Error} */ (error).message, true);
    }
  };
  const repair = () =>
    askPerson({
      title: 'Repair what is derived?',
      text: 'What is derived from the log is made again from it. The log and the ledger are never changed.',
      action: 'Repair',
      act: () => send('/api/audits/latest/repair'),
    });
  return {
    title: 'Audit',
    render() {
      const audit = latest.value;
      const running = audit?.state === 'running';
      const none = /** @type {{ code?: string }} */ (latest.refused)?.code === 'audit_not_found';
      return html`
        ${heading(
          'Audit',
          'Compares the log, the stream, the read model, the ledger and the deadlines, while everything runs.',
          html`<button type="button" class="button main" @click=${run} ?disabled=${running || !app.session.audits}>
            ${running ? 'Running' : 'Run the audit'}</button>`,
        )}
        ${app.session.audits ? nothing : html`<p class="notice warn">This console cannot run audits: use <span class="mono">npx ordersctl audit</span>.</p>`}
        ${latest.refused && !none ? problem(latest.refused) : nothing}
        ${none ? html`<div class="card">${empty('No audit has run yet', 'It takes seconds, and changes nothing.')}</div>` : nothing}
        ${running ? progress(audit) : nothing}
        ${audit?.state === 'failed' ? html`<p class="notice bad" role="alert">${audit.error ?? 'The audit failed.'}</p>` : nothing}
        ${audit?.result ? result(audit, audit.result, repair) : nothing}
      `;
    },
    stop: latest.stop,
  };
}

/** @param {Audit} audit */
const progress = ({ progress, repair }) => html`<section class="card padded stack" role="status">
  <div class="row apart"><strong>${repair ? 'Repairing' : 'Reading'} ${progress?.book ?? 'the books'}</strong>
    <span class="quiet number">${progress ? `${count(progress.done)}${progress.of ? ` of ${count(progress.of)}` : ''}` : ''}</span></div>
  ${
    progress?.of
      ? html`<progress max=${progress.of} value=${progress.done} aria-label="Read so far"></progress>`
      : html`<progress aria-label="Read so far"></progress>`
  }
</section>`;

/** @param {Audit} audit @param {AuditResult} result @param {() => void} repair */
function result({ started_at, ended_at }, result, repair) {
  const { verdict, log, orders, repairs, repaired, remedies, unread } = result;
  const [words, tone] = verdicts[verdict];
  const took = ended_at ? ` in ${span(Date.parse(ended_at) - Date.parse(started_at))}` : '';
  return html`
    <section class="card" aria-label="Result">
      <div class="verdict">
        <div><strong>${words}</strong>
          <p class="quiet">${count(log.events)} events and ${count(orders.accepted)} orders read${took},
            ${moment(ended_at ?? started_at, Date.now())}</p></div>
        <div class="row">${badge([verdict, tone])}
          ${repairs.length > 0 ? html`<button type="button" class="button main" @click=${repair}>Repair what is derived</button>` : nothing}</div>
      </div>
    </section>
    <dl class="tiles">
      ${
        /** @type {const} */ ([
          ['Accepted', orders.accepted],
          ['Ended', orders.ended],
          ['Open', orders.open],
          ['Stuck', orders.stuck],
        ]).map(
          ([
            name,
            value,
          ]) => html`<div class="card tile ${name === 'Stuck' && value > 0 ? 'bad' : ''}">
          <dt>${name}</dt><dd>${count(value)}</dd></div>`,
        )
      }
    </dl>
    ${findings('What differs', result.discrepancies, result.discrepancy_count)}
    ${findings('What waits for a person, or for too long', result.waiting, result.waiting_count)}
    ${lines(
      'Could not be read',
      unread.map(({ book, message }) => `${book}: ${message}`),
    )}
    ${lines(
      'What can be repaired',
      repairs.map(({ what }) => what),
    )}
    ${lines(
      'What was repaired',
      (repaired ?? []).map(({ what, outcome }) => (outcome ? `${what}: ${outcome}` : what)),
    )}
    ${lines('What to do', remedies)}
  `;
}

/** @param {string} title @param {readonly Finding[]} found @param {number} size */
function findings(title, found, size) {
  if (size === 0) return nothing;
  return html`<section class="card">
    <h2 class="card-title">${title} <span class="count bad">${count(size)}</span></h2>
    <ul class="books">${found.map(
      ({
        book,
        message,
        repairable,
      }) => html`<li><span class="quiet">${book}</span><span>${message}</span>
        ${repairable ? badge(['can be repaired', 'info']) : nothing}</li>`,
    )}</ul>
  </section>`;
}

/** @param {string} title @param {readonly string[]} texts */
function lines(title, texts) {
  if (texts.length === 0) return nothing;
  return html`<section class="card padded stack"><h2>${title}</h2>
    <ul class="stack">${texts.map((text) => html`<li>${text}</li>`)}</ul></section>`;
}
