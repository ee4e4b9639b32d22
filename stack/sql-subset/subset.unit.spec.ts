/** Each rule refuses what CockroachDB is documented to refuse, and takes what is near it. */
import assert from 'node:assert/strict';
import { offences } from './subset.ts';

describe('the SQL that both databases take', () => {
  for (const [sql, offence] of [
    ['select a from t where b = $1', '$1 is not cast'],
    [
      'select now() + make_interval(secs => 5)',
      'it calls make_interval(), which is not on the list',
    ],
    ['select pg_try_advisory_lock(1)', 'it calls pg_try_advisory_lock(), which is not on the list'],
    ['select a::int from t', 'it casts to int'],
    ['select a from t tablesample system (1)', 'it has tablesample'],
    ['select * from t', 'it has select *'],
    ['select a / 2 from t', 'it has /'],
    [
      'insert into t (a) values (1) on conflict do update set a = 2',
      'it has on conflict do update',
    ],
    [
      'with a as (update t set x = 1 returning x) insert into t (x) select x from a',
      'it changes t more than once',
    ],
    [
      'select x from (with a as (delete from t returning x) select x from a) b',
      'delete t is not at the top',
    ],
    ['create table t (a text collate "C")', 'it has collate'],
    ['BEGIN', 'it has begin'],
  ] as const) {
    it(`is not: ${sql}`, () => {
      assert.ok(offences(sql).includes(offence), `${offences(sql)}`);
    });
  }

  for (const sql of [
    "select a, count(*) from t where b = $1::text and c = 'merge into; $2' group by a -- vacuum",
    'with a as (update t set x = 1 returning x), b (y) as (insert into u (x) select x from a returning x) select y from b for update skip locked',
    'insert into t (a) values ($1::int8) on conflict (a) do update set a = excluded.a where t.a < $1::int8',
    'with a as (insert into t (x) values (1) returning x), b as (insert into t (x) values (2) returning x) select x from a',
    'select i.a from unnest($1::text[], $2::text[]) with ordinality as i (a, b)',
    'create index if not exists t_by_a on t (a, b)',
  ]) {
    it(`is: ${sql}`, () => assert.deepEqual(offences(sql), []));
  }
});
