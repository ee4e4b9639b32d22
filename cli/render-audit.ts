/** An audit's report as lines for people and as a document for programs. */
import type { AuditReport } from './audit/report.ts';
import type { Paint } from './paint.ts';
import { shown } from './shown.ts';
import { table } from './table.ts';

/** One line a book, then what does not agree, then the verdict. */
export function renderAudit(report: AuditReport, decimals: number, paint: Paint): string {
  const { log, orders, stream, readModel, ledger, discrepancies, discrepancyCount } = report;
  const money = (minor: bigint) => moneyText(minor, decimals);
  const wrong = new Set(discrepancies.map(({ book }) => book));
  const mark = (...books: (typeof discrepancies)[number]['book'][]) =>
    books.some((book) => wrong.has(book)) ? paint('bad', 'wrong') : paint('good', 'right');
  const some = (count: number, text: string) => (count === 0 ? [] : [`${count} ${text}`]);
  const line = (...parts: string[]) => parts.join(', ');
  const rows = [
    [
      mark('log'),
      'log',
      line(
        `${log.events} events up to position ${log.head}`,
        ...(wrong.has('log') ? [] : ['positions and versions without a gap']),
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
        ...some(readModel.notCompared, 'not compared, as it is far behind'),
      ),
    ],
    [
      mark('ledger'),
      'ledger',
      line(
        `${ledger.lines} lines`,
        `${money(ledger.debited)} debited`,
        `${money(ledger.voided)} given back`,
        `${money(ledger.kept)} kept: ${money(ledger.approved)} for approved orders`,
        `${money(ledger.underWay)} under way`,
        ...some(ledger.notCompared, 'not compared, as too much is under way'),
      ),
    ],
  ];
  const unlisted = discrepancyCount - discrepancies.length;
  const differing =
    discrepancyCount === 1 ? '1 thing differs' : `${discrepancyCount} things differ`;
  return [
    ...table(rows),
    ...discrepancies.map(({ book, message }) => `${paint('bad', book)}: ${shown(message)}`),
    ...some(unlisted, 'more that are not listed'),
    discrepancyCount === 0 ? paint('good', 'all right') : paint('bad', differing),
  ].join('\n');
}

/** Positions and counts as numbers, money as decimal text of major units. */
export function auditDocument(report: AuditReport, decimals: number): object {
  const { log, orders, stream, readModel, ledger } = report;
  const money = (minor: bigint) => moneyText(minor, decimals);
  return {
    ok: report.discrepancyCount === 0,
    log: { ...log, head: Number(log.head) },
    orders: { ...orders, amount: money(orders.amount) },
    stream: { published: Number(stream.published), behind: Number(stream.behind) },
    read_model: {
      checkpoint: Number(readModel.checkpoint),
      behind: Number(readModel.behind),
      compared: readModel.compared,
      not_compared: readModel.notCompared,
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
    discrepancy_count: report.discrepancyCount,
    discrepancies: report.discrepancies,
  };
}

/** Sums are larger than a single amount may be, and what is under way may be negative. */
function moneyText(minor: bigint, decimals: number): string {
  const digits = String(minor < 0n ? -minor : minor).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = decimals === 0 ? '' : `.${digits.slice(-decimals)}`;
  return `${minor < 0n ? '-' : ''}${whole}${fraction}`;
}
