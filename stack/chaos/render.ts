/** A run's report as lines for people and as a document for programs. */

import type { Times } from '../../bench/figures/times.ts';
import type { Paint } from '../../cli/paint.ts';
import { auditDocument, renderAudit } from '../../cli/render-audit.ts';
import { table } from '../../cli/table.ts';
import { type Cost, pausesByKind } from './latencies.ts';
import type { SqlForm } from './options.ts';
import { type ChaosReport, passed } from './run.ts';

const DECIMALS = 2;

const servers: Record<SqlForm, string> = {
  embedded: '1 PostgreSQL',
  patroni: '3 PostgreSQL under Patroni',
};

export function renderReport(report: ChaosReport, paint: Paint): string {
  const { options, beganAt, tookMs, faults, quiet, ended, wrong, troubles, audit } = report;
  const { orders, seed, instances, natsNodes, sql, personalData } = options;
  const rows = faults.map(({ name, what, beganAt: at, overAt, readyAt, cost, pauseMs }) => [
    `${seconds(at - beganAt)}`,
    name,
    `${seconds(overAt - at)}`,
    readyAt === undefined ? 'never' : seconds(readyAt - overAt),
    pauseMs === undefined ? '–' : seconds(pauseMs),
    ...figures(cost),
    what ?? '',
  ]);
  return [
    `seed ${seed}: ${orders} orders, ${instances} of each service, ${natsNodes} NATS, ${servers[sql]}, texts ${personalData}, ${faults.length} faults in ${seconds(tookMs)}`,
    '',
    ...table([
      [
        'at',
        'fault',
        'for',
        'ready',
        'pause',
        'orders',
        'accept p50',
        'p99',
        'journey p50',
        'p99',
        '',
      ],
      ['', 'no fault', '', '', '', ...figures(quiet), ''],
      ...rows,
    ]),
    '',
    ...pauses(
      'longest pause of accepting in a failover',
      faults.filter(({ failover }) => failover),
    ),
    ...pauses(
      'longest pause of accepting',
      faults.filter(({ failover }) => !failover),
    ),
    `ended: ${Object.entries(ended)
      .map(([status, count]) => `${count} ${status}`)
      .join(', ')}; ${report.failedRequests} requests were repeated`,
    ...(report.undecidable > 0
      ? [`${report.undecidable} restaurants could not decide before the deadline`]
      : []),
    ...(report.inStoppedHands > 0
      ? [`${report.inStoppedHands} orders were in the hands of a worker that could not answer`]
      : []),
    '',
    renderAudit(audit, DECIMALS, paint),
    '',
    ...wrong.map(({ what, order, message }) => paint('bad', `${what}: ${order}, ${message}`)),
    ...troubles.map((trouble) => paint('bad', trouble)),
    passed(report)
      ? paint('good', 'nothing was lost, duplicated, stuck or cancelled without cause')
      : paint('bad', `this run failed; again: make chaos ARGS="${again(report)}"`),
  ].join('\n');
}

/** Times in milliseconds; `at_s` counts from the first order. */
export function reportDocument(report: ChaosReport): object {
  const { options, beganAt, tookMs, faults, quiet, audit } = report;
  const { only, orders, seed, instances, natsNodes, sql, deadlineMs } = options;
  return {
    orders,
    seed,
    instances,
    nats_nodes: natsNodes,
    sql,
    deadline_ms: deadlineMs,
    only: only?.source ?? null,
    passed: passed(report),
    took_ms: Math.round(tookMs),
    ended: report.ended,
    repeated_requests: report.failedRequests,
    undecidable: report.undecidable,
    in_stopped_hands: report.inStoppedHands,
    wrong: report.wrong,
    troubles: report.troubles,
    no_fault: costDocument(quiet),
    longest_pause_ms: Object.fromEntries(
      pausesByKind(faults).map(([kind, pauseMs]) => [kind, Math.round(pauseMs)]),
    ),
    faults: faults.map(({ name, what, failover, beganAt: at, overAt, readyAt, cost, pauseMs }) => ({
      fault: name,
      what: what ?? null,
      failover,
      at_ms: Math.round(at - beganAt),
      lasted_ms: Math.round(overAt - at),
      ready_after_ms: readyAt === undefined ? null : Math.round(readyAt - overAt),
      pause_ms: pauseMs === undefined ? null : Math.round(pauseMs),
      ...costDocument(cost),
    })),
    audit: auditDocument(audit, DECIMALS),
  };
}

/** A line with the longest for each kind of these, or none. */
function pauses(what: string, faults: ChaosReport['faults']): readonly string[] {
  const longest = pausesByKind(faults).map(([kind, pauseMs]) => `${kind} ${seconds(pauseMs)}`);
  return longest.length === 0 ? [] : [`${what}: ${longest.join(', ')}`];
}

function again({ options }: ChaosReport): string {
  const { orders, seed, instances, natsNodes, sql, personalData } = options;
  return [
    `--orders ${orders} --seed ${seed} --instances ${instances} --nats-nodes ${natsNodes}`,
    `--sql ${sql} --personal-data ${personalData}`,
  ].join(' ');
}

const costDocument = ({ orders, accept, journey }: Cost) => ({
  orders,
  accept_ms: accept ?? null,
  journey_ms: journey ?? null,
});

const figures = ({ orders, accept, journey }: Cost): string[] => [
  String(orders),
  ...times(accept),
  ...times(journey),
];

const times = (of: Times | undefined): string[] =>
  of === undefined ? ['–', '–'] : [of.p50, of.p99].map((ms) => `${Math.round(ms)} ms`);

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
