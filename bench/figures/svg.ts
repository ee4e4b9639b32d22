/**
 * Charts by hand, since they are rectangles and words. Their colours follow the reader's
 * light or dark page: `own`, `peer`, `limit` for what is measured, `range` for its spread.
 */
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

const WIDTH = 760;
const LABELS = 210;
const FIGURES = 80;
const BAR = 16;
const GAP = 5;
const GROUP = 34;
const TOP = 56;

/** One bar: the middle round as its end, and all rounds as a line over that. */
export interface Bar {
  readonly name: string;
  readonly kind: 'own' | 'peer' | 'limit';
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** What stands at its end. */
  readonly figure: string;
}

export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

export interface ChartWords {
  /** For those who cannot see it. */
  readonly label: string;
  readonly title: string;
  /** On what machine this was, for instance. */
  readonly subtitle: string;
}

/** An SVG document of groups of bars on one scale. */
export function barChart(words: ChartWords, groups: readonly BarGroup[]): string {
  const most = Math.max(1, ...groups.flatMap(({ bars }) => bars.map(({ max }) => max)));
  const x = (value: number) => Math.round(LABELS + (value / most) * (WIDTH - LABELS - FIGURES));
  const parts: string[] = [];
  let y = TOP;
  for (const { title, bars } of groups) {
    y += GROUP;
    parts.push(word(8, y - 10, 'group', title));
    for (const { name, kind, value, min, max, figure } of bars) {
      const middle = y + BAR / 2;
      parts.push(
        word(LABELS - 8, middle + 4, 'name', name, 'end'),
        `<rect class="${kind}" x="${LABELS}" y="${y}" width="${x(value) - LABELS}" height="${BAR}" rx="2"/>`,
        `<line class="range" x1="${x(min)}" x2="${x(max)}" y1="${middle}" y2="${middle}"/>`,
        word(x(max) + 8, middle + 4, 'figure', figure),
      );
      y += BAR + GAP;
    }
  }
  const height = y + 16;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${escaped(words.label)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}" rx="6"/>`,
    word(8, 24, 'title', words.title),
    word(8, 44, 'quiet', words.subtitle),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

const word = (x: number, y: number, kind: string, text: string, anchor = 'start'): string =>
  `<text class="${kind}" x="${x}" y="${y}" text-anchor="${anchor}">${escaped(text)}</text>`;

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
