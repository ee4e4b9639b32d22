/** A run's report for a terminal, and as a page. */
import type { Paint } from '../../cli/paint.ts';
import { table } from '../../cli/table.ts';
import type { Machine, Report } from './report.ts';
import { type Table, tablesOf, targetTable } from './tables.ts';

/** What all rows share. */
const NOTES = [
  'A rate is the median of its rounds, the slowest and the fastest in brackets; rounds of what is compared take turns.',
  'Each contender of the first table has appended for some seconds before its first round, for one caller most of them, so that what is measured is code that Node has optimised.',
  'An event is about 350 bytes of JSON text with a traceparent and a correlation id; aggregates get versions 1 to 3, each append with its expected version.',
  'Over gRPC means eventstoresvc as a process of its own, without a broker and without traces; clients, server and database share the processors.',
  'PostgreSQL is started as `make start` starts it, for all alike. It writes a checkpoint before each part and each number of callers, so that none pays for an earlier one.',
  'Emmett has its default settings, a pool of ten connections among them; ours has ten in process, and eventstoresvc 41; of both, appends use one.',
  'Inserts into our table check nothing and hand out no positions: they are what the table takes. Single rows have a session for each caller, 256 callers one for two; multi-row statements are of 256 rows over two sessions, however many callers. They have the same settings as ours; their columns are sent as arrays, ours as texts.',
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
    ...(quick
      ? [paint('warn', 'quick: rounds this short are noisy; to be seen, not to be quoted')]
      : []),
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
    `The event store beside its peers in one run, on ${at.slice(0, 10)}: ${machineText(machine)}; ${machine.durability}. On another machine compare ratios.${quick ? ' **Rounds were short: these figures are noise.**' : ''}`,
    '',
    '![Durable appends a second: this store in process and over gRPC, Emmett, and plain inserts, at 1, 16, 64 and 256 callers.](performance.svg)',
    '',
    'It takes about ten minutes, so CI does not run this:',
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

function markdown([head = [], ...rows]: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
