/** An audit's report as lines for people and as a document for programs. */

import { shown } from '../shared/kit/shown.ts';
import { remedies } from './audit/remedies.ts';
import { repairDocument } from './audit/repairs.ts';
import { type AuditReport, type Book, verdictOf } from './audit/report.ts';
import { majorNumber, majorText } from './major-units.ts';
import type { Paint } from './paint.ts';
import { table } from './table.ts';

/** One line per book, then the findings, the remedies and the verdict. */
export function renderAudit(report: AuditReport, decimals: number, paint: Paint): string {
  const { log, orders, stream, readModel, ledger, deadlines, checkpoints, deadLetters } = report;
  const money = (minor: bigint) => majorText(minor, decimals);
  const mark = (...books: Book[]) => markOf(report, books, paint);
  const some = (count: number, text: string) => (count === 0 ? [] : [`${count} ${text}`]);
  const line = (...parts: string[]) => parts.join(', ');
  const isRight = !report.discrepancies.some(({ book }) => book === 'log');
  const rows = [
    [
      mark('log'),
      'log',
      line(
        `${log.events} events up to position ${log.head}`,
        ...(isRight ? ['positions and versions without a gap'] : []),
        ...some(log.unreadable, 'that cannot be read'),
      ),
    ],
    [
      mark('orders', 'money'),
      'orders',
      line(
        `${orders.accepted} accepted for ${money(orders.amount)}`,
        `${orders.ended} ended`,
        `${orders.open} open`,
        `${orders.stuck} stuck`,
      ),
    ],
    [mark('stream'), 'stream', line(`at ${stream.published}`, `${stream.behind} behind the log`)],
    [
      mark('read model'),
      'read model',
      line(
        `at ${readModel.checkpoint}`,
        `${readModel.behind} behind the log`,
        `${readModel.compared} orders compared`,
        ...some(readModel.notCompared, 'not compared, because it is far behind'),
        ...some(readModel.failures, 'unreadable events recorded'),
      ),
    ],
    [
      mark('ledger'),
      'ledger',
      line(
        `${ledger.lines} lines`,
        `${money(ledger.debited)} debited`,
        `${money(ledger.voided)} refunded`,
        `${money(ledger.kept)} kept: ${money(ledger.approved)} for approved orders`,
        `${money(ledger.underWay)} in progress`,
        ...some(ledger.notCompared, 'not compared, because too much is in progress'),
      ),
    ],
    [
      mark('deadlines'),
      'deadlines',
      line(
        `${deadlines.set} set`,
        ...some(deadlines.notCompared, 'orders not compared, because too much is in progress'),
      ),
    ],
    [mark('checkpoints'), 'checkpoints', `${checkpoints.compared} consumers`],
    [mark('dead letters'), 'dead letters', `${deadLetters.parked} parked`],
  ];
  const { discrepancies, waiting, unread } = report;
  const unlisted =
    report.discrepancyCount - discrepancies.length + report.waitingCount - waiting.length;
  return [
    ...table(rows),
    ...discrepancies.map(({ book, message }) => `${paint('bad', book)}: ${shown(message)}`),
    ...waiting.map(({ book, message }) => `${paint('warn', book)}: ${shown(message)}`),
    ...unread.map(({ book, message }) => `${paint('warn', book)} not read: ${shown(message)}`),
    ...some(unlisted, 'more that are not listed'),
    ...remedies(report).map((remedy) => paint('quiet', `→ ${remedy}`)),
    verdictLine(report, paint),
  ].join('\n');
}

function markOf(report: AuditReport, books: readonly Book[], paint: Paint): string {
  const has = (list: readonly { readonly book: Book }[]) =>
    list.some(({ book }) => books.includes(book));
  if (has(report.discrepancies.filter(({ fault }) => fault === 'wrong'))) {
    return paint('bad', 'wrong');
  }
  if (has(report.discrepancies)) return paint('bad', 'differs');
  if (has(report.unread)) return paint('warn', 'not read');
  return has(report.waiting) ? paint('warn', 'waits') : paint('good', 'right');
}

function verdictLine(report: AuditReport, paint: Paint): string {
  const { discrepancyCount, waitingCount, unread } = report;
  const things = (count: number, verb: string) =>
    count === 1 ? `1 thing ${verb}s` : `${count} things ${verb}`;
  switch (verdictOf(report)) {
    case 'wrong':
      return paint('bad', things(discrepancyCount, 'differ'));
    case 'unreachable':
      return paint('bad', `not read: ${unread.map(({ book }) => book).join(', ')}`);
    case 'waiting':
      return paint('warn', `nothing is wrong; ${things(waitingCount, 'wait')}`);
    case 'right':
      return paint('good', 'all right');
  }
}

/** Positions and counts as numbers; money, too, in major units as ordersvc answers it. */
export function auditDocument(report: AuditReport, decimals: number): object {
  const { log, orders, stream, readModel, ledger, deadlines } = report;
  const money = (minor: bigint) => majorNumber(minor, decimals);
  return {
    ok: verdictOf(report) === 'right',
    verdict: verdictOf(report),
    log: { ...log, head: Number(log.head) },
    orders: { ...orders, amount: money(orders.amount) },
    stream: { published: Number(stream.published), behind: Number(stream.behind) },
    read_model: {
      checkpoint: Number(readModel.checkpoint),
      behind: Number(readModel.behind),
      compared: readModel.compared,
      not_compared: readModel.notCompared,
      failures: readModel.failures,
    },
    ledger: {
      lines: ledger.lines,
      debited: money(ledger.debited),
      voided: money(ledger.voided),
      kept: money(ledger.kept),
      approved: money(ledger.approved),
      under_way: money(ledger.underWay),
      not_compared: ledger.notCompared,
    },
    deadlines: { set: deadlines.set, not_compared: deadlines.notCompared },
    checkpoints: report.checkpoints,
    dead_letters: report.deadLetters,
    discrepancy_count: report.discrepancyCount,
    discrepancies: report.discrepancies,
    waiting_count: report.waitingCount,
    waiting: report.waiting,
    unread: report.unread,
    remedies: remedies(report),
    repairs: report.repairs.listed.map(repairDocument),
  };
}
