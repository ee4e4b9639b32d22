/** A run's figures as lines for people and as a document for programs. */
import { availableParallelism } from 'node:os';
import type { Paint } from '../../cli/paint.ts';
import { auditDocument, renderAudit } from '../../cli/render-audit.ts';
import { table } from '../../cli/table.ts';
import type { Times } from '../figures/times.ts';
import type { Books } from './books.ts';
import type { Durability } from './durability.ts';
import type { RunningOptions } from './options.ts';
import type { RunResult } from './run.ts';
import { shortcomings } from './shortcomings.ts';

/** All that a run is told by. */
export interface BenchReport {
  readonly options: RunningOptions;
  readonly result: RunResult;
  readonly durability: Durability;
  readonly books: Books;
}

export function renderReport(report: BenchReport, paint: Paint): string {
  const { options, result, durability, books } = report;
  const { orders, callers, rate, url } = options;
  const pace = rate === undefined ? `${callers} callers` : `${rate}/s, at most ${callers} at once`;
  const count = (of: Readonly<Record<string, number>>) =>
    Object.entries(of).flatMap(([name, n]) => (n === 0 ? [] : [`${n} ${name}`]));
  const refused = count(result.refused);
  return [
    `${orders} orders to ${url}, ${pace}; ${availableParallelism()} CPUs, of which the load generator took ${result.generatorLoad.toFixed(2)}`,
    `durable: ${durability.text}`,
    '',
    ...table([
      [
        'accepted',
        `${result.accepted}`,
        `${whole(result.acceptedPerSecond)}/s`,
        times(result.accept),
      ],
      [
        'completed',
        `${result.completed}`,
        `${whole(result.completedPerSecond)}/s`,
        `${times(result.journey)}  from sending to Approved`,
      ],
    ]),
    `ended: ${count(result.endings).join(', ') || 'none'}`,
    ...(refused.length > 0
      ? [paint('warn', `not accepted: ${refused.join(', ')}; ${times(result.refusal)}`)]
      : []),
    '',
    renderAudit(books.report, books.decimals, paint),
    // Below the audit, which does not know of them and may say that all is right.
    ...shortcomings(result, books).map((line) => paint('bad', line)),
  ].join('\n');
}

/** Rates a second, times in milliseconds. */
export function reportDocument(report: BenchReport): object {
  const { options, result, durability, books } = report;
  const { url, orders, callers, rate } = options;
  return {
    url,
    orders,
    callers,
    rate: rate ?? null,
    cpus: availableParallelism(),
    generator_load: result.generatorLoad,
    durability,
    accepted: result.accepted,
    accepted_per_s: result.acceptedPerSecond,
    accept_ms: result.accept ?? null,
    refused: result.refused,
    refused_ms: result.refusal ?? null,
    completed: result.completed,
    completed_per_s: result.completedPerSecond,
    journey_ms: result.journey ?? null,
    endings: result.endings,
    not_ended: result.notEnded,
    shortcomings: shortcomings(result, books),
    audit: auditDocument(books.report, books.decimals),
  };
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');

function times(of: Times | undefined): string {
  if (of === undefined) return 'no times';
  const ms = (value: number) => `${value < 100 ? value.toFixed(1) : Math.round(value)} ms`;
  return `p50 ${ms(of.p50)}  p95 ${ms(of.p95)}  p99 ${ms(of.p99)}  max ${ms(of.max)}`;
}
