/**
 * The appends as a chart: for each number of callers a group of bars, the middle
 * round as the bar and all rounds as a line over its end. Written by hand, since
 * it is rectangles and words; its colours follow the reader's light or dark page.
 */
import { count } from './figures-text.ts';
import { names } from './names.ts';
import type { Row } from './report.ts';

const WIDTH = 760;
const LABELS = 210;
const FIGURES = 80;
const BAR = 16;
const GAP = 5;
const GROUP = 34;
const TOP = 56;

const STYLE = `
  text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 15px; }
  .group { font-weight: 600; }
  .quiet { fill: #59636e; font-size: 12px; }
  .page { fill: #ffffff; }
  .own { fill: #0969da; }
  .peer { fill: #bc4c00; }
  .limit { fill: #8c959f; }
  .range { stroke: #1f2328; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .page { fill: #0d1117; }
    .own { fill: #4493f8; }
    .peer { fill: #f0883e; }
    .limit { fill: #6e7681; }
    .range { stroke: #e6edf3; }
  }`;

const kindOf = (name: string): string => {
  if (name === names.emmett) return 'peer';
  return name === names.singleRows || name === names.multiRows ? 'limit' : 'own';
};

/**
 * An SVG document. Rows other than appends are left out; `subtitle` stands under
 * the title and says on what machine this was.
 */
export function chart(rows: readonly Row[], subtitle: string): string {
  const appends = rows.filter(({ section }) => section === 'append');
  const most = Math.max(1, ...appends.map(({ rate }) => rate.max));
  const x = (value: number) => Math.round(LABELS + (value / most) * (WIDTH - LABELS - FIGURES));
  const parts: string[] = [];
  let y = TOP;
  for (const [callers, group] of Map.groupBy(appends, (row) => row.callers ?? 1)) {
    y += GROUP;
    parts.push(words(8, y - 10, 'group', callers === 1 ? '1 caller' : `${callers} callers`));
    for (const { name, rate } of group) {
      const middle = y + BAR / 2;
      parts.push(
        words(LABELS - 8, middle + 4, 'name', name, 'end'),
        `<rect class="${kindOf(name)}" x="${LABELS}" y="${y}" width="${x(rate.median) - LABELS}" height="${BAR}" rx="2"/>`,
        `<line class="range" x1="${x(rate.min)}" x2="${x(rate.max)}" y1="${middle}" y2="${middle}"/>`,
        words(x(rate.max) + 8, middle + 4, 'figure', count(rate.median)),
      );
      y += BAR + GAP;
    }
  }
  const height = y + 16;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">`,
    `<title id="title">Durable appends a second, by number of callers</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}" rx="6"/>`,
    words(8, 24, 'title', 'Durable appends a second'),
    words(8, 44, 'quiet', subtitle),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

const words = (x: number, y: number, kind: string, text: string, anchor = 'start'): string =>
  `<text class="${kind}" x="${x}" y="${y}" text-anchor="${anchor}">${escaped(text)}</text>`;

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
