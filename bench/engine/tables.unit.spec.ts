import assert from 'node:assert/strict';
import { targetTable } from '../figures/target.ts';
import { names } from './names.ts';
import type { Row } from './report.ts';
import { tablesOf } from './tables.ts';

const rate = { median: 2_000, min: 1_500, max: 2_500 };

describe('the tables of the engine bench', () => {
  it('every row says under what condition, how fast, how long and what was durable', () => {
    const row: Row = {
      section: 'append',
      name: names.inProcess,
      callers: 64,
      rate,
      times: { p50: 1.5, p95: 3, p99: 3.94, max: 120 },
      durable: 'on disk',
    };
    assert.deepEqual(tablesOf([row])[0]?.rows, [
      ['callers', 'what', 'appends/s', 'p50 ms', 'p99 ms', 'longest ms', 'durable'],
      ['64', 'in process', '2,000 (1,500–2,500)', '1.5', '3.9', '120', 'on disk'],
    ]);
  });

  it('columns that would be empty are left out, and so are sections without rows', () => {
    const row: Row = { section: 'read the log', name: names.batches, rate, durable: 'reads only' };
    const tables = tablesOf([row]);
    assert.equal(tables.length, 1);
    assert.deepEqual(tables[0]?.rows[0], ['what', 'events/s', 'durable']);
  });

  it('a target says in words whether it is met', () => {
    const target = {
      text: 'p99',
      unit: 'ms',
      bound: 'at most',
      wanted: 8,
      got: 9.21,
      met: false,
    } as const;
    assert.deepEqual(targetTable([target]).rows[1], ['p99', 'at most 8.0 ms', '9.2 ms', 'no']);
  });
});
