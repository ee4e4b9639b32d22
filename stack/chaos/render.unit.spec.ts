import assert from 'node:assert/strict';
import { createRepairs } from '../../cli/audit/repairs.ts';
import type { AuditReport } from '../../cli/audit/report.ts';
import { plain } from '../../cli/paint.ts';
import { readOptions } from './options.ts';
import { renderReport, reportDocument } from './render.ts';
import type { ChaosReport } from './run.ts';

const cost = { orders: 0, accept: undefined, journey: undefined };
const fault = (name: string, failover: boolean, pauseMs: number) => ({
  name,
  what: undefined,
  failover,
  silenced: [],
  handed: {},
  beganAt: 0,
  overAt: 1_000,
  readyAt: 2_000,
  restarted: [],
  failed: undefined,
  cost,
  pauseMs,
});

const audit: AuditReport = {
  log: { head: 0n, events: 0, unreadable: 0 },
  orders: { accepted: 0, ended: 0, open: 0, stuck: 0, amount: 0n },
  stream: { published: 0n, behind: 0n },
  readModel: { checkpoint: 0n, behind: 0n, compared: 0, notCompared: 0, failures: 0 },
  ledger: {
    lines: 0,
    debited: 0n,
    voided: 0n,
    kept: 0n,
    approved: 0n,
    underWay: 0n,
    notCompared: 0,
  },
  deadlines: { set: 0, notCompared: 0 },
  checkpoints: { compared: 0 },
  deadLetters: { parked: 0 },
  discrepancyCount: 0,
  discrepancies: [],
  waitingCount: 0,
  waiting: [],
  unread: [],
  repairs: createRepairs(),
};

const report: ChaosReport = {
  options: readOptions(
    '--seed 7 --instances 2 --nats-nodes 3 --sql patroni --personal-data plain'.split(' '),
  ),
  beganAt: 0,
  tookMs: 60_000,
  faults: [
    fault('primary frozen past the ttl', true, 22_000),
    fault('ordersvc-2 killed', false, 300),
    fault('primary switched over', true, 2_900),
    fault('ordersvc killed', false, 400),
  ],
  quiet: cost,
  ended: {},
  failedRequests: 0,
  undecidable: 0,
  inStoppedHands: 0,
  poisoned: 0,
  wrong: [],
  troubles: [],
  audit,
};

describe("chaos' report", () => {
  it('tells the longest pause of accepting for each kind of failover, apart from other faults', () => {
    const lines = renderReport(report, plain).split('\n');
    assert.match(lines[0] ?? '', /^seed 7: .* 3 PostgreSQL under Patroni, /);
    assert.deepEqual(
      lines.filter((line) => line.startsWith('longest pause')),
      [
        'longest pause of accepting in a failover: primary frozen past the ttl 22.0 s, primary switched over 2.9 s',
        'longest pause of accepting: ordersvc killed 0.4 s',
      ],
    );
    const { sql, faults, longest_pause_ms } = reportDocument(report) as {
      sql: string;
      faults: readonly { readonly failover: boolean }[];
      longest_pause_ms: Readonly<Record<string, number>>;
    };
    assert.equal(sql, 'patroni');
    assert.deepEqual(
      faults.map(({ failover }) => failover),
      [true, false, true, false],
    );
    assert.equal(longest_pause_ms['primary switched over'], 2_900);
  });

  it('tells no pause in failovers where there were none', () => {
    const faults = report.faults.filter(({ failover }) => !failover);
    assert.doesNotMatch(renderReport({ ...report, faults }, plain), /failover/);
  });

  it('of a run that failed says how to have the same again', () => {
    const text = renderReport({ ...report, troubles: ['NATS is away'] }, plain);
    assert.match(
      text,
      /make chaos ARGS="--orders 3000 --seed 7 --instances 2 --nats-nodes 3 --sql patroni --personal-data plain"$/,
    );
  });
});
