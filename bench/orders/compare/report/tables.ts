/** A report as tables, whatever they are then written with; the first row are the headings. */
import type { Spread } from '../../../figures/spread.ts';
import type { Table } from '../../../figures/target.ts';
import { count, some, spread } from '../../../figures/text.ts';
import type { PartName } from '../plan.ts';
import { names } from './names.ts';
import type { ComparisonReport, Ratio, Row } from './report.ts';

const titles: Readonly<Record<PartName, string>> = {
  callers: 'closed loop: each caller sends its next order when it has its answer',
  rates: 'open loop: orders come at a rate, and times count from when each was due',
  capacity: 'the product at a rate below its capacity, far above it, and below it again',
};
const varied: Readonly<Record<PartName, string>> = {
  callers: 'callers',
  rates: 'orders/s',
  capacity: 'orders/s',
};

/** The tables of the rows, of what they are divided by the bare path's, and of where it goes. */
export function tablesOf({ rows, ratios }: ComparisonReport): Table[] {
  return [
    ...parts(rows, (part, own) => ({
      title: titles[part],
      rows: [
        [
          varied[part],
          'what',
          'completed/s',
          'accept p50 ms',
          'p99',
          'journey p50 ms',
          'p99',
          'CPU ms an order',
          'wake-ups an order',
          'memory MB',
          'refused, p99 ms',
          'never ended',
          ...(part === 'capacity' ? ['last end, ms after the last answer'] : []),
        ],
        ...own.map(({ amount, name, figures, refused, refusalP99, notEnded }) => [
          `${amount}`,
          name,
          spread(figures.completedPerSecond),
          spread(figures.acceptP50, some),
          spread(figures.acceptP99, some),
          spread(figures.journeyP50, some),
          spread(figures.journeyP99, some),
          spread(figures.cpuMs, some),
          spread(figures.wakeUps, some),
          spread(figures.memoryMb),
          refusalP99 === undefined ? '' : `${count(refused)}, ${some(refusalP99)}`,
          notEnded === 0 ? '' : count(notEnded),
          ...(part === 'capacity' ? [spread(figures.drainMs)] : []),
        ]),
      ],
    })),
    ...[...Map.groupBy(ratios, ({ beside }) => beside)].flatMap(([beside, own]) =>
      parts(own, (part, its) => ({
        title: `${beside === names.bare ? `the ${beside}` : beside} is 1, by ${varied[part]}`,
        rows: [
          [varied[part], 'what', 'completed/s', 'CPU', 'accept p50', 'journey p50', 'journey p99'],
          ...its.map((ratio) => [
            `${ratio.amount}`,
            ratio.name,
            ...[
              ratio.completed,
              ratio.cpu,
              ratio.acceptP50,
              ratio.journeyP50,
              ratio.journeyP99,
            ].map(times),
          ]),
        ],
      })),
    ),
    ...processTables(rows),
    ...countTables(rows),
  ];
}

const times = (ratio: Spread): string => spread(ratio, (value) => `${value.toFixed(2)}×`);

function parts<T extends Pick<Row | Ratio, 'part'>>(
  all: readonly T[],
  table: (part: PartName, own: readonly T[]) => Table,
): Table[] {
  return [...Map.groupBy(all, ({ part }) => part)].map(([part, own]) => table(part, own));
}

/** Who is looked at more closely: at this many callers everything is busy and nobody waits long. */
const CLOSELY = 64;

const closely = (rows: readonly Row[]): readonly Row[] =>
  rows.filter(({ part, amount }) => part === 'callers' && amount === CLOSELY);

function processTables(rows: readonly Row[]): Table[] {
  return closely(rows).map(({ name, amount, processes }) => ({
    title: `${name}, ${amount} callers: by process`,
    rows: [
      ['process', 'CPU ms an order', 'wake-ups an order', 'memory MB'],
      ...Object.entries(processes).map(([process, { cpuMs, wakeUps, rssMb }]) => [
        process,
        cpuMs.toFixed(3),
        wakeUps.toFixed(2),
        count(rssMb),
      ]),
    ],
  }));
}

function countTables(rows: readonly Row[]): Table[] {
  const own = closely(rows);
  if (own.length === 0) return [];
  const line = (what: string, read: (row: Row) => string) => [what, ...own.map(read)];
  const queues = [...new Set(own.flatMap((row) => Object.keys(row.queues)))];
  const batches = [...new Set(own.flatMap((row) => Object.keys(row.batches)))];
  const databases = [...new Set(own.flatMap(({ counts }) => Object.keys(counts.transactions)))];
  const two = (value: number | undefined) => (value === undefined ? '' : value.toFixed(2));
  return [
    {
      title: `an order, ${CLOSELY} callers`,
      rows: [
        ['what', ...own.map(({ name }) => name)],
        line('messages to NATS', ({ counts }) => two(counts.toNats)),
        line('messages from NATS', ({ counts }) => two(counts.fromNats)),
        line('deliveries acknowledged', ({ counts }) => two(counts.acknowledged)),
        ...databases.map((name) =>
          line(`transactions, ${name}`, ({ counts }) => two(counts.transactions[name])),
        ),
        line('WAL flushes', ({ counts }) => two(counts.walFlushes)),
        line('WAL kB', ({ counts }) => two(counts.walBytes / 1_000)),
        line('CPU ms of the load generator', ({ figures }) => two(figures.generatorCpuMs.median)),
      ],
    },
    {
      title: `queues and batches, ${CLOSELY} callers`,
      rows: [
        ['what', ...own.map(({ name }) => name)],
        ...queues.map((name) =>
          line(`${name}: longest`, ({ queues: { [name]: lengths = [] } }) =>
            lengths.length === 0 ? '' : count(Math.max(...lengths)),
          ),
        ),
        ...batches.map((name) =>
          line(`batch of ${name}: mean`, ({ batches: { [name]: size } }) => two(size)),
        ),
      ],
    },
  ];
}
