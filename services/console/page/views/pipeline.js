/** How orders flow: the log, who reads it and how far behind, and how fast it all is. */
import { html, nothing } from '/assets/vendor/lit-html/lit-html.js';
import { badge, heading } from '../parts/bits.js';
import { chart } from '../parts/chart.js';
import { count, longSpan, rate, span } from '../words/format.js';

/**
 * @import { Consumer, Part, Pipeline } from '../../http/contract.ts'
 * @import { App } from '../main.js'
 * @import { View } from './view-at.js'
 * @import { Tone } from '../words/statuses.js'
 */

const ranges = { '5 min': 300, '15 min': 900, '1 h': 3_600 };
const colours = ['chart-1', 'chart-2', 'chart-3', 'chart-4', 'chart-5'];
/** Behind by less than this is the usual unrest. */
const BEHIND_S = 2;

/** @param {App} app @returns {View} */
export function pipelineView(app) {
  /** @type {keyof typeof ranges} */
  let range = '15 min';
  const charts = {
    pace: chart({
      title: 'Orders a second',
      format: rate,
      series: [
        { name: 'accepted', colour: 'chart-1', value: ({ accepted }) => accepted },
        { name: 'completed', colour: 'chart-2', value: ({ completed }) => completed },
      ],
    }),
    journey: chart({
      title: 'From order to end',
      format: span,
      series: [
        { name: 'half within', colour: 'chart-1', value: ({ p50 }) => p50 },
        { name: '99% within', colour: 'chart-2', value: ({ p99 }) => p99, highest: true },
      ],
    }),
    open: chart({
      title: 'Open orders',
      format: count,
      series: [
        { name: 'open', colour: 'chart-3', value: ({ open }) => open },
        { name: 'overdue', colour: 'chart-2', value: ({ overdue }) => overdue, highest: true },
      ],
    }),
    lag: chart({ title: 'Events behind the log', format: count, series: [] }),
  };
  /** @type {unknown} */
  let drawn;

  function draw() {
    const { points, pipeline } = app.live;
    if (points.at(-1) === drawn) return;
    drawn = points.at(-1);
    const recent = points.slice(-ranges[range]);
    charts.pace.draw(recent);
    charts.journey.draw(recent);
    charts.open.draw(recent);
    charts.lag.draw(
      recent,
      (pipeline?.consumers ?? []).map(({ name }, index) => ({
        name,
        colour: colours[index % colours.length] ?? 'chart-1',
        value: ({ lag }) => lag[name],
        highest: true,
      })),
    );
  }

  const choose = (/** @type {keyof typeof ranges} */ chosen) => {
    range = chosen;
    drawn = undefined;
    app.update();
  };

  return {
    title: 'Pipeline',
    render() {
      const { pipeline } = app.live;
      return html`
        ${heading(
          'Pipeline',
          pipeline
            ? html`The log has <b class="number">${count(pipeline.head)}</b> events`
            : 'Waiting for the first word',
          html`<div class="tabs" role="group" aria-label="Time shown">${
            /** @type {(keyof typeof ranges)[]} */ (Object.keys(ranges)).map(
              (
                name,
              ) => html`<button type="button" class="button ${range === name ? 'main' : 'bare'}"
              aria-pressed=${range === name} @click=${() => choose(name)}>${name}</button>`,
            )
          }</div>`,
        )}
        ${(pipeline?.blind ?? []).map((words) => html`<p class="notice warn">${words}</p>`)}
        ${pipeline ? tiles(pipeline) : nothing}
        <div class="charts">${Object.values(charts).map(({ element }) => element)}</div>
        ${pipeline ? consumers(pipeline) : nothing} ${pipeline ? parts(pipeline) : nothing}
      `;
    },
    painted: draw,
    stop() {
      for (const one of Object.values(charts)) one.stop();
    },
  };
}

/** @param {Pipeline} pipeline */
function tiles({ accepted_per_s, completed_per_s, journey_ms, open, overdue, letters_parked }) {
  const tile = (
    /** @type {string} */ name,
    /** @type {string} */ value,
    /** @type {unknown} */ below = nothing,
    tone = '',
  ) =>
    html`<div class="card tile ${tone}"><dt>${name}</dt><dd>${value}</dd><dd class="small quiet">${below}</dd></div>`;
  return html`<dl class="tiles">
    ${tile('Accepted', rate(accepted_per_s), 'orders a second')}
    ${tile('Completed', rate(completed_per_s), 'orders a second')}
    ${tile('Journey', journey_ms ? span(journey_ms.p50) : '–', journey_ms ? `99% within ${span(journey_ms.p99)}` : 'nothing ended lately')}
    ${tile('Open', open ? count(open.Pending + open.Paid) : '–', open ? `${count(open.Pending)} unpaid, ${count(open.Paid)} in review` : 'unknown')}
    ${tile('Overdue', overdue === undefined ? '–' : count(overdue), overdue ? html`<a href="/orders?overdue=true">See them</a>` : 'nothing is late', overdue ? 'bad' : '')}
    ${tile('Dead letters', count(letters_parked), letters_parked ? html`<a href="/letters">See them</a>` : 'nothing is parked', letters_parked ? 'bad' : '')}
  </dl>`;
}

/** @param {Consumer} consumer @returns {readonly [string, Tone]} */
function stateOf({ silent_s, lag, lag_s }) {
  if (silent_s !== undefined) return [`silent for ${longSpan(silent_s * 1_000)}`, 'bad'];
  if (lag_s >= BEHIND_S) return [`${longSpan(lag_s * 1_000)} behind`, 'warn'];
  return [lag === 0 ? 'in step' : 'keeping up', 'good'];
}

/** @param {Pipeline} pipeline */
function consumers({ consumers, head }) {
  return html`<section class="card">
    <h2 id="consumers" class="card-title">Readers of the log</h2>
    <div class="scroll-x" tabindex="0" role="region" aria-labelledby="consumers">
    <table class="table">
      <thead><tr>
        <th scope="col">Reader</th><th scope="col">State</th><th scope="col" class="end">Done up to</th>
        <th scope="col" class="end">Events behind</th><th scope="col" class="end">Oldest</th>
        <th scope="col" class="end">In flight</th><th scope="col" class="end">Parked</th>
        <th scope="col">Last error</th>
      </tr></thead>
      <tbody>${consumers.map(
        (one) => html`<tr data-consumer=${one.name}>
          <th scope="row">${one.name}</th>
          <td>${badge(stateOf(one))}</td>
          <td class="end"><span class="done">${count(one.position)}
            <progress max=${Math.max(head, 1)} value=${one.position} aria-label="Of the log"></progress></span></td>
          <td class="end">${count(one.lag)}</td>
          <td class="end">${one.lag === 0 ? '–' : span(one.lag_s * 1_000)}</td>
          <td class="end">${count(one.in_flight)}</td>
          <td class="end">${one.letters_parked ? html`<a href="/letters">${count(one.letters_parked)}</a>` : '–'}</td>
          <td class="error small">${one.last_error ?? html`<span class="quiet">–</span>`}</td>
        </tr>`,
      )}</tbody>
    </table></div>
  </section>`;
}

/** @type {Readonly<Record<Part['state'], Tone>>} */
const partTones = { ready: 'good', degraded: 'warn', 'not ready': 'bad', silent: 'bad' };

/** @param {Pipeline} pipeline */
function parts({ parts }) {
  return html`<section class="stack" aria-labelledby="parts">
    <h2 id="parts">Processes</h2>
    <ul class="parts">${parts.map(
      ({ name, state, reasons, silent_s }) => html`<li class="card part" data-part=${name}>
        <div class="row apart"><strong>${name}</strong>
          ${badge([silent_s === undefined ? state : `silent for ${longSpan(silent_s * 1_000)}`, partTones[state]])}</div>
        ${reasons.map((words) => html`<p class="small quiet">${words}</p>`)}
      </li>`,
    )}</ul>
  </section>`;
}
