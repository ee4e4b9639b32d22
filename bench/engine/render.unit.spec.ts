import assert from 'node:assert/strict';
import { plain } from '../../cli/paint.ts';
import { names } from './names.ts';
import { renderPage, renderReport } from './render.ts';
import type { Report } from './report.ts';

const report: Report = {
  at: '2026-11-23T00:00:00.000Z',
  quick: true,
  machine: { cpu: 'A CPU', cpus: 2, node: 'v24.0.0', durability: 'PostgreSQL 18, fsync on' },
  rows: [
    {
      section: 'append',
      name: names.emmett,
      callers: 1,
      rate: { median: 1_000, min: 900, max: 1_100 },
      durable: 'on disk',
    },
  ],
  targets: [{ text: 'a ratio', unit: '×', bound: 'at least', wanted: 10, got: 12, met: true }],
};

describe('the report of the engine bench', () => {
  it('says on what machine, what was durable, and that a quick run is not to be quoted', () => {
    for (const text of [renderReport(report, plain), renderPage(report)]) {
      assert.match(text, /2 × A CPU, Node v24\.0\.0/);
      assert.match(text, /PostgreSQL 18, fsync on/);
      assert.match(text, /short/);
      assert.match(text, /1,000 \(900–1,100\)/);
      assert.match(text, /a ratio.*at least 10.0×.*12.0×.*yes/);
    }
  });

  it('on the page every line of a table has as many cells as its head', () => {
    const tables = renderPage(report)
      .split('\n\n')
      .filter((part) => part.startsWith('|'));
    assert.equal(tables.length, 2);
    for (const lines of tables) {
      const cells = lines
        .trim()
        .split('\n')
        .map((line) => line.split('|').length);
      assert.equal(new Set(cells).size, 1, lines);
    }
  });
});
