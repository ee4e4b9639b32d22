/** A run's figures as lines for people and as a document for programs. */
import type { Paint } from '../../cli/paint.ts';
import { table } from '../../cli/table.ts';
import { judging, targetTable } from '../figures/target.ts';
import { count, some } from '../figures/text.ts';
import { perSecond } from '../figures/times.ts';
import type { RestoreReport, Step } from './report.ts';

/** What is wanted of a log of a million events. A figure that is low is no failure. */
const REBUILD_PER_SECOND = 25_000;
const MANY_EVENTS = 1_000_000;

export function renderRestore(report: RestoreReport, paint: Paint): string {
  const { caughtUp, auditRight, shortcomings } = report;
  const seconds = (of: number | undefined) => (of === undefined ? 'never' : `${some(of)} s`);
  const verdict = (met: boolean, text: string) => paint(met ? 'good' : 'bad', text);
  const targets = targetsOf(report);
  return [
    `${count(report.events)} events and ${count(report.lines)} ledger lines, ${report.copies} copies of ${count(report.placed)} orders; the backup has ${count(report.bytes / 1e6)} MB`,
    `${report.cpus} CPUs, of which others used ${(100 * report.others).toFixed(1)}%`,
    `durable: ${report.durability}`,
    '',
    ...table([['step', 'seconds', 'events/s', 'peak MB', 'load'], ...report.steps.map(rowOf)]),
    '',
    'from the start of the services:',
    ...table([
      ...Object.entries(caughtUp).map(([name, after]) => [`${name} filled`, seconds(after)]),
      ['audit right', seconds(auditRight)],
    ]),
    ...(targets.length === 0 ? [] : ['', ...table(targetTable(targets, verdict).rows)]),
    ...shortcomings.map((line) => paint('bad', line)),
  ].join('\n');
}

function rowOf({ name, seconds, events, peakMb, load }: Step): readonly string[] {
  return [
    name,
    some(seconds),
    events === undefined ? '' : count(perSecond(events, seconds * 1_000)),
    peakMb === undefined ? '' : count(peakMb),
    load.toFixed(1),
  ];
}

function targetsOf({ events, rebuildPerSecond }: RestoreReport) {
  const { targets, atLeast } = judging();
  const got = events >= MANY_EVENTS ? rebuildPerSecond : undefined;
  atLeast('events rebuilt, at a million', '/s', REBUILD_PER_SECOND, got);
  return targets;
}

/** Times in seconds. */
export const restoreDocument = (report: RestoreReport): object => ({
  at: report.at,
  cpus: report.cpus,
  durability: report.durability,
  orders_placed: report.placed,
  copies: report.copies,
  events: report.events,
  lines: report.lines,
  bytes: report.bytes,
  steps: report.steps.map(({ name, seconds, events, peakMb, load }) => ({
    name,
    seconds,
    events_per_s: events === undefined ? null : perSecond(events, seconds * 1_000),
    peak_mb: peakMb ?? null,
    load,
  })),
  stream_filled_s: report.caughtUp.stream ?? null,
  read_model_filled_s: report.caughtUp['read model'] ?? null,
  coordinator_followed_s: report.caughtUp.coordinator ?? null,
  audit_right_s: report.auditRight ?? null,
  rebuild_events_per_s: report.rebuildPerSecond,
  others: report.others,
  shortcomings: report.shortcomings,
});
