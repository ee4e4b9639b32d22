/** A chart over time that grows by a point a second, by uPlot; its caption tells the values in words. */

import { html, render } from '/assets/vendor/lit-html/lit-html.js';
import uPlot from '/assets/vendor/uplot/uPlot.esm.js';
import { thin } from '../data/thin.js';
import { colour } from './theme.js';

/** @import { PipelinePoint } from '../../http/contract.ts' */

/**
 * @typedef {object} Series
 * @property {string} name
 * @property {string} colour a token of tokens.css
 * @property {(point: PipelinePoint) => number | undefined} value
 * @property {boolean} [highest] of many points the highest counts, not their mean
 */

const HEIGHT = 190;

/**
 * An element of its own, for a template. `draw` takes the points; `stop` frees it.
 * @param {{ title: string, series: readonly Series[], format: (value: number) => string }} what
 */
export function chart({ title, series, format }) {
  const element = document.createElement('figure');
  element.className = 'card chart';
  const caption = document.createElement('figcaption');
  const canvas = document.createElement('div');
  canvas.className = 'canvas';
  canvas.setAttribute('aria-hidden', 'true');
  element.append(caption, canvas);
  /** @type {uPlot | undefined} */
  let plot;
  /** @type {readonly Series[]} */
  let shown = series;
  /** @type {uPlot.AlignedData} */
  let data = [[]];

  function make() {
    plot?.destroy();
    plot = new uPlot(options(shown, format, canvas.clientWidth || 400, tell), data, canvas);
  }
  /** The values under the pointer, else the last ones. */
  function tell() {
    const at = plot?.cursor.idx ?? data[0].length - 1;
    render(
      html`<span class="chart-title">${title}</span>
        <span class="legend">${shown.map(({ name, colour }, index) => {
          const value = data[index + 1]?.[at];
          return html`<span class="key ${colour}">${name} <b>${value == null ? '–' : format(value)}</b></span>`;
        })}</span>`,
      caption,
    );
  }
  const sized = new ResizeObserver(() => {
    if (plot === undefined) make();
    else plot.setSize({ width: canvas.clientWidth, height: HEIGHT });
  });
  sized.observe(canvas);
  const relit = () => plot && make();
  const system = matchMedia('(prefers-color-scheme: dark)');
  addEventListener('theme', relit);
  system.addEventListener('change', relit);

  return {
    element,
    /** @param {readonly PipelinePoint[]} points @param {readonly Series[]} [lines] instead of those so far */
    draw(points, lines = shown) {
      data = thin(points, lines);
      const same = lines.map(({ name }) => name).join() === shown.map(({ name }) => name).join();
      shown = lines;
      if (plot !== undefined && same) plot.setData(data);
      else if (plot !== undefined) make();
      tell();
    },
    stop() {
      sized.disconnect();
      removeEventListener('theme', relit);
      system.removeEventListener('change', relit);
      plot?.destroy();
    },
  };
}

/**
 * @param {readonly Series[]} series
 * @param {(value: number) => string} format
 * @param {number} width
 * @param {() => void} moved the pointer is elsewhere
 * @returns {uPlot.Options}
 */
function options(series, format, width, moved) {
  const [ink, grid] = [colour('--quiet'), colour('--chart-grid')];
  const font = '12px "Inter Variable", system-ui, sans-serif';
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    padding: [12, 18, 0, 0],
    cursor: { y: false, sync: { key: 'pipeline' }, points: { size: 7 }, drag: { x: false } },
    hooks: { setCursor: [moved] },
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, (most ?? 0) * 1.15)] } },
    axes: [
      {
        stroke: ink,
        font,
        size: 30,
        grid: { show: false },
        ticks: { show: false },
        values: times,
        space: 90,
      },
      {
        stroke: ink,
        font,
        size: 58,
        grid: { stroke: grid, width: 1 },
        ticks: { show: false },
        space: 44,
        values: (_plot, splits) => splits.map(format),
      },
    ],
    series: [
      {},
      ...series.map(({ name, colour: token }, index) => {
        const stroke = colour(`--${token}`);
        const fill = index === 0 ? stroke.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.1)') : undefined;
        return {
          label: name,
          stroke,
          width: 1.8,
          ...(fill && { fill }),
          points: { show: false },
          spanGaps: false,
        };
      }),
    ],
  };
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const exact = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** @param {uPlot} _plot @param {number[]} splits @param {number} _axis @param {number} _space @param {number} step */
function times(_plot, splits, _axis, _space, step) {
  const format = step < 60 ? exact : clock;
  return splits.map((seconds) => format.format(seconds * 1_000));
}
