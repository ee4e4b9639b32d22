import assert from 'node:assert/strict';
import { shapeOf } from './rebuild-table.ts';

/** What each statement makes, without its comments. */
const begins = (table: Parameters<typeof shapeOf>[0]) =>
  shapeOf(table).map((sql) =>
    sql
      .replace(/^--.*\n/gm, '')
      .split(/\s*[(\n]/)[0]
      ?.trim(),
  );

describe('a table of the read model that is missing', () => {
  it('is made as its migrations made it, with every index, in both forms', () => {
    assert.deepEqual(begins('orders'), [
      'create table if not exists orders',
      'create index if not exists orders_by_customer on orders',
      'create index if not exists orders_by_restaurant',
      'create index if not exists orders_by_status on orders',
      'create index if not exists orders_by_amount on orders',
    ]);
    const twin = begins('orders').map((sql) =>
      sql?.replaceAll(/orders\b|orders(?=_by)/g, 'orders_b'),
    );
    assert.deepEqual(begins('orders_b'), twin);
  });

  it('is made without rows', () => {
    assert.deepEqual(begins('projection_checkpoint'), [
      'create table if not exists projection_checkpoint',
      'alter table projection_checkpoint add column if not exists retirements int8 not null default 0;',
      'alter table projection_checkpoint',
    ]);
    assert.equal(begins('projection_failures').length, 1);
    assert.equal(begins('read_model_rebuild').length, 1);
  });
});
