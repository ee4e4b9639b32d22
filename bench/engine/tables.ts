/** A run's rows as tables, whatever they are then written with: a terminal's columns or a page's. */
import type { Table } from '../figures/target.ts';
import { milliseconds, spread } from '../figures/text.ts';
import { condition } from './figures-text.ts';
import { type Row, type SectionName, sectionNames } from './report.ts';

/** What a rate counts, where it says anything, and what was varied. */
const headings: Readonly<Record<SectionName, { readonly per?: string; readonly varied?: string }>> =
  {
    append: { per: 'appends/s', varied: 'callers' },
    'read one aggregate': { per: 'aggregates/s', varied: 'callers' },
    'read the log': { per: 'events/s' },
    follow: {},
    'slow reader': { per: 'events/s' },
    'two writers': { per: 'appends/s', varied: 'callers' },
    'several logs': { per: 'appends/s', varied: 'callers' },
    'several logs, far database': { per: 'appends/s', varied: 'callers' },
    'growth: append': { per: 'appends/s, 64 callers', varied: 'stored' },
    'growth: read one aggregate': { per: 'aggregates/s', varied: 'stored' },
    'growth: read the log': { per: 'events/s', varied: 'stored' },
  };

const titles: Partial<Record<SectionName, string>> = {
  follow: 'follow: lag from the answer to the follower',
  'slow reader': 'GetEventsBatches beside slow readers',
  'two writers': 'two eventstoresvc processes on one log',
  'several logs': 'one, two and four logs in one eventstoresvc',
  'several logs, far database': 'one, two and four logs, each commit 100 ms away',
};

/** A table for each section that has rows. */
export function tablesOf(rows: readonly Row[]): Table[] {
  return sectionNames.flatMap((section) => {
    const own = rows.filter((row) => row.section === section);
    if (own.length === 0) return [];
    const { per, varied } = headings[section];
    const timed = own.some(({ times }) => times !== undefined);
    const columns = (cells: {
      readonly name: string;
      readonly varied: string;
      readonly rate: string;
      readonly times: readonly string[];
      readonly durable: string;
    }) => [
      ...(varied === undefined ? [] : [cells.varied]),
      cells.name,
      ...(per === undefined ? [] : [cells.rate]),
      ...(timed ? cells.times : []),
      cells.durable,
    ];
    return {
      title: titles[section] ?? section,
      rows: [
        columns({
          name: 'what',
          varied: varied ?? '',
          rate: per ?? '',
          times: ['p50 ms', 'p99 ms', 'longest ms'],
          durable: 'durable',
        }),
        ...own.map((row) =>
          columns({
            name: row.name,
            varied: condition(row),
            rate: spread(row.rate),
            times: [row.times?.p50, row.times?.p99, row.times?.max].map(milliseconds),
            durable: row.durable,
          }),
        ),
      ],
    };
  });
}
