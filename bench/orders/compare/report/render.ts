/** A comparison for a terminal, and as a page. */
import type { Paint } from '../../../../cli/paint.ts';
import { table } from '../../../../cli/table.ts';
import { markdown } from '../../../figures/markdown.ts';
import { type Table, targetTable } from '../../../figures/target.ts';
import { count, some } from '../../../figures/text.ts';
import type { ComparisonReport } from './report.ts';
import { tablesOf } from './tables.ts';
import { verdictText } from './verdict.ts';

const NOTES = [
  'A figure is the median of its rounds, with the lowest and the highest in brackets. Systems take turns, A B C C B A, on one PostgreSQL and one NATS; a ratio is of two rounds that followed one another.',
  'The bare path is the same hops and nothing else: HTTP, an append over a gRPC stream, one commit for many, a relay to JetStream, two workers that each append one event, and rows; five processes, batches at each hop, and no validation, retries, saga, ledger or traces.',
  'CPU and wake-ups (voluntary context switches) are of all processes of the system, with PostgreSQL and NATS, until the rows show all orders; the load generator is apart. Memory of PostgreSQL is without what its processes share.',
  'With 1% traced the product decides itself; with all traced each order asks for it, and a process in Zipkin’s place takes the spans.',
  'In the closed loop a caller that is refused asks again when it was told to (Retry-After); with a rate a refusal is counted, and nobody asks again.',
  'Messages are those of the system’s own connections. The load generator, and the system that is not measured, run beside it.',
];

/** What each peer does, as it was run; see bench/peers. */
const PEER_NOTES: Readonly<Record<string, string>> = {
  Restate:
    'Restate keeps each step of a handler in its server, flushed to disk; the handler writes a ledger line and a read row to PostgreSQL. Beside the product it has retries without a coordinator, and it has no event log or stream that others can read, no review by another process, no deadlines, no traces.',
  DBOS: 'DBOS Transact keeps each step of a workflow as rows in PostgreSQL, within the process that takes the orders; the steps are those of Restate, and so is what it lacks.',
  Emmett:
    'Emmett keeps events in PostgreSQL; two reactors and a projection poll for them with their default settings. It has a log that others can read, and no broker, deadlines or traces. Orders that never ended stand in the tables.',
};

const notesOf = ({ rows }: ComparisonReport): string[] => [
  ...NOTES,
  ...Object.entries(PEER_NOTES).flatMap(([peer, note]) =>
    rows.some(({ name }) => name === peer) ? [note] : [],
  ),
];

/** For people at a terminal. */
export function renderComparison(report: ComparisonReport, paint: Paint): string {
  const { quick, verdict, shortcomings } = report;
  return [
    machineLine(report),
    `durable: ${report.machine.durability}`,
    ...(quick ? [paint('warn', 'quick: rounds this short are noisy; do not quote them')] : []),
    ...warmUpLines(report),
    ...tables(report, (met, text) => paint(met ? 'good' : 'bad', text)).flatMap(
      ({ title, rows }) => ['', paint('strong', title), ...table(rows)],
    ),
    '',
    ...notesOf(report).map((note) => paint('quiet', note)),
    '',
    paint(verdict.given ? 'good' : 'warn', verdictText(verdict)),
    ...shortcomings.map((line) => paint('bad', line)),
    ...(shortcomings.length === 0 ? [paint('good', 'the audit of the product: all right')] : []),
  ].join('\n');
}

/** docs/performance-orders.md. */
export function renderPage(report: ComparisonReport): string {
  const { at, quick, verdict } = report;
  return [
    '# Performance of orders',
    '',
    '<!-- Written by `make bench-orders ARGS=--docs`. -->',
    '',
    `The product beside the bare path, in one run on ${at.slice(0, 10)}: ${machineLine(report)}; ${report.machine.durability}. On another machine, compare ratios.${quick ? ' **Rounds were short: these figures are noise.**' : ''}`,
    '',
    `${sentence(verdictText(verdict))}.`,
    '',
    '![Completed orders a second of the product and of the bare path, at 16, 64 and 256 callers.](performance-orders.svg)',
    '',
    'This takes about twelve minutes, so CI does not run this:',
    '',
    '```sh',
    'make bench-orders',
    '```',
    '',
    ...notesOf(report).map((note) => `- ${note}`),
    ...warmUpLines(report).map((line) => `- ${sentence(line)}.`),
    ...tables(report).flatMap(({ title, rows }) => [
      '',
      `## ${sentence(title)}`,
      '',
      ...markdown(rows),
    ]),
    '',
  ].join('\n');
}

/** The targets stand last, and are not judged where there is no verdict. */
function tables(
  report: ComparisonReport,
  paint?: (met: boolean, text: string) => string,
): readonly Table[] {
  const { targets, verdict } = report;
  const verdictOrNone = verdict.given ? paint : () => 'no verdict';
  return [
    ...tablesOf(report),
    ...(targets.length === 0 ? [] : [targetTable(targets, verdictOrNone)]),
  ];
}

const machineLine = ({ machine: { cpu, cpus, node } }: ComparisonReport): string =>
  `${cpus} × ${cpu}, Node ${node}`;

const warmUpLines = ({ warmUp }: ComparisonReport): string[] =>
  warmUp.map(
    ({ name, orders, ms, cpuMs }) =>
      `warm-up, not in the figures: ${name}, ${count(orders)} orders in ${some(ms / 1_000)} s, ${some(cpuMs)} ms CPU an order`,
  );

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
