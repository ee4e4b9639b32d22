/** A run's report for a terminal, and as a page. */
import type { Paint } from '../../cli/paint.ts';
import { table } from '../../cli/table.ts';
import { markdown } from '../figures/markdown.ts';
import { type Table, targetTable } from '../figures/target.ts';
import type { Machine, Report } from './report.ts';
import { tablesOf } from './tables.ts';

/** What all rows share. */
const NOTES = [
  'A rate is the median of its rounds, with the slowest and the fastest in brackets. Contenders take turns.',
  'Each contender of the first table appends for some seconds before its first round, so that Node has optimised its code.',
  'An event is about 350 bytes of JSON text with a traceparent and a correlation id; aggregates get versions 1 to 3, each append with its expected version.',
  'Over gRPC, eventstoresvc is its own process, without a broker or traces. Clients, server and database share the processors.',
  'PostgreSQL runs as in `make start`, the same for all. It writes a checkpoint before each part and each number of callers, so that no row pays for an earlier one.',
  'Emmett has its default settings, with a pool of ten connections. Our store has ten in process and 41 in eventstoresvc. Both append over one.',
  'Inserts into our table check nothing and assign no positions: they show the limit of the table. Single rows use a session for each caller (256 callers one for two); multi-row statements have 256 rows over two sessions, however many callers. Settings are the same as ours; their columns are sent as arrays, ours as texts.',
];

export function machineText({ cpu, cpus, node }: Machine): string {
  return `${cpus} × ${cpu}, Node ${node}`;
}

/** For people at a terminal. */
export function renderReport(report: Report, paint: Paint): string {
  const { machine, quick, rows, targets } = report;
  const block = ({ title, rows: lines }: Table) => ['', paint('strong', title), ...table(lines)];
  const verdict = (met: boolean, text: string) => paint(met ? 'good' : 'bad', text);
  return [
    machineText(machine),
    `durable: ${machine.durability}`,
    ...(quick ? [paint('warn', 'quick: rounds this short are noisy; do not quote them')] : []),
    ...tablesOf(rows).flatMap(block),
    ...(targets.length === 0 ? [] : block(targetTable(targets, verdict))),
    '',
    ...NOTES.map((note) => paint('quiet', note)),
  ].join('\n');
}

/** docs/performance.md. */
export function renderPage(report: Report): string {
  const { at, machine, quick, rows, targets } = report;
  const block = ({ title, rows: lines }: Table) => [
    '',
    `## ${title.charAt(0).toUpperCase()}${title.slice(1)}`,
    '',
    ...markdown(lines),
  ];
  return [
    '# Performance',
    '',
    '<!-- Written by `make bench ARGS=--docs`. -->',
    '',
    `The event store and its peers in one run, on ${at.slice(0, 10)}: ${machineText(machine)}; ${machine.durability}. On another machine, compare ratios.${quick ? ' **Rounds were short: these figures are noise.**' : ''}`,
    '',
    '![Durable appends a second: this store in process and over gRPC, Emmett, and plain inserts, at 1, 16, 64 and 256 callers.](performance.svg)',
    '',
    'This takes about ten minutes, so CI does not run this:',
    '',
    '```sh',
    'make bench',
    '```',
    '',
    ...NOTES.map((note) => `- ${note}`),
    ...[...tablesOf(rows), targetTable(targets)].flatMap(block),
    '',
  ].join('\n');
}
