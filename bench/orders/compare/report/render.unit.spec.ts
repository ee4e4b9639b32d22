import assert from 'node:assert/strict';
import { plain } from '../../../../cli/paint.ts';
import { chart } from './chart.ts';
import { renderComparison, renderPage } from './render.ts';
import type { ComparisonReport, Row } from './report.ts';

const flat = (value: number) => ({ median: value, min: value, max: value });

function row(name: string, amount: number, rate: number): Row {
  return {
    part: 'callers',
    amount,
    name,
    orders: 100,
    refused: 0,
    refusalP99: undefined,
    notEnded: 0,
    figures: {
      completedPerSecond: flat(rate),
      acceptedPerSecond: flat(rate),
      cpuMs: flat(2.5),
      wakeUps: flat(7),
      memoryMb: flat(900),
      largestMb: flat(300),
      acceptP50: flat(10),
      acceptP99: flat(20),
      journeyP50: flat(30),
      journeyP99: flat(40),
      drainMs: flat(50),
      generatorCpuMs: flat(0.2),
    },
    processes: { ordersvc: { cpuMs: 0.4, wakeUps: 0.5, rssMb: 180 } },
    counts: {
      toNats: 8.2,
      fromNats: 19,
      acknowledged: 5,
      transactions: { sagadb: 0.17 },
      walFlushes: 0.61,
      walBytes: 6_500,
    },
    queues: { 'payment-worker': [3, 70, 5] },
    batches: { 'ledger lines': 31.5 },
  };
}

const report: ComparisonReport = {
  at: '2026-11-22T21:00:20.454Z',
  quick: false,
  machine: { cpu: 'CPU <A&B>', cpus: 2, node: 'v24.0.0', durability: 'on disk' },
  warmUp: [{ name: 'product', orders: 4_000, ms: 9_000, cpuMs: 6.4 }],
  rows: [row('product, 1% traced', 64, 400), row('bare path', 64, 1_600)],
  ratios: [
    {
      part: 'callers',
      amount: 64,
      name: 'product, 1% traced',
      beside: 'bare path',
      completed: { median: 0.25, min: 0.24, max: 0.26 },
      cpu: flat(5),
      acceptP50: flat(2),
      journeyP50: flat(3),
      journeyP99: flat(4),
    },
  ],
  targets: [
    {
      text: 'completed',
      unit: '×',
      bound: 'at least',
      wanted: 0.65,
      got: 0.25,
      met: false,
    },
  ],
  verdict: { given: false, others: 0.31, disturbed: 2, rounds: 6 },
  shortcomings: ['accepted and never ended: 1'],
  audit: {},
};

describe('a comparison as text', () => {
  const text = renderComparison(report, plain);

  it('prints figures also where it refuses a verdict, and says that it does', () => {
    assert.match(text, /^64 +bare path +1,600 /m);
    assert.match(text, /^64 +product, 1% traced +0\.25× \(0\.24×–0\.26×\) +5\.00×/m);
    assert.match(text, /^no verdict: other processes used more than 5% .* 2 of 6 rounds/m);
  });

  it('judges no target where it refuses a verdict', () => {
    const target = /^completed +at least 0\.65× +0\.25× +(.+)$/m;
    assert.equal(target.exec(text)?.[1], 'no verdict');
    const given = { ...report.verdict, given: true };
    assert.equal(target.exec(renderComparison({ ...report, verdict: given }, plain))?.[1], 'no');
  });

  it('tells warm-up apart, and what each process and each order cost', () => {
    assert.match(text, /^warm-up, not in the figures: product, 4,000 orders in 9\.0 s, 6\.4 ms/m);
    assert.match(text, /^ordersvc +0\.400 +0\.50 +180$/m);
    assert.match(text, /^messages to NATS +8\.20 +8\.20$/m);
    assert.match(text, /^payment-worker: longest +70 +70$/m);
    assert.match(text, /^batch of ledger lines: mean +31\.50/m);
  });

  it('a shortcoming is said last, and then nothing is all right', () => {
    assert.match(text, /\naccepted and never ended: 1$/);
    assert.doesNotMatch(text, /all right/);
    const sound = renderComparison({ ...report, shortcomings: [] }, plain);
    assert.match(sound, /\nthe audit of the product: all right$/);
  });

  it('a page has the same tables, and its chart is drawn to scale', () => {
    assert.match(renderPage(report), /^\| 64 \| bare path \| 1,600 \|/m);
    const svg = chart(report);
    const widths = [...svg.matchAll(/<rect class="(?:own|limit)"[^>]* width="(\d+)"/g)];
    const [own = 0, bare = 0] = widths.map(([, width]) => Number(width));
    assert.ok(Math.abs(bare / own - 4) < 0.05, `${bare} and ${own}`);
    assert.match(svg, /CPU &#60;A&#38;B&#62;/);
  });
});
