import assert from 'node:assert/strict';
import { chart } from './chart.ts';
import { names } from './names.ts';
import type { Row } from './report.ts';

const row = (name: string, callers: number, median: number): Row => ({
  section: 'append',
  name,
  callers,
  rate: { median, min: median, max: median },
  durable: 'on disk',
});
const widths = (svg: string) =>
  [...svg.matchAll(/<rect class="(?:own|peer|limit)"[^>]* width="(\d+)"/g)].map(([, w]) =>
    Number(w),
  );

describe('the chart of appends', () => {
  it('bars are as long as their figures, on one scale for all groups', () => {
    const svg = chart([row(names.inProcess, 1, 1_000), row(names.emmett, 64, 4_000)], '');
    const [short = 0, long = 0] = widths(svg);
    assert.ok(Math.abs(long / short - 4) < 0.05, `${short} and ${long}`);
    assert.match(svg, />4,000</);
    assert.match(svg, />1 caller</);
    assert.match(svg, />64 callers</);
  });

  it('is well-formed whatever a machine is called, and readable on light and dark pages', () => {
    const svg = chart([row(names.emmett, 1, 5)], 'CPU <"A&B">');
    assert.match(svg, />CPU &#60;&#34;A&#38;B&#34;&#62;</);
    assert.match(svg, /prefers-color-scheme: dark/);
    const opened = svg.match(/<(?:svg|style|title|text)\b/g)?.length;
    assert.equal(svg.match(/<\/(?:svg|style|title|text)>/g)?.length, opened);
  });

  it('shows appends and nothing else, and of nothing an empty chart', () => {
    const other: Row = { ...row(names.batches, 1, 9), section: 'read the log' };
    assert.deepEqual(widths(chart([other], '')), []);
  });
});
