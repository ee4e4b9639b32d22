/**
 * Every migration is one statement that may be run again, and valid on
 * PostgreSQL and CockroachDB alike. CockroachDB commits schema changes one by
 * one, also inside a transaction, so that a file of two may stop half way; and a
 * process may die between a migration and the note that it was made.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** What may be run again without harm. A new form belongs here, with its guard. */
const repeatable: readonly RegExp[] = [
  /^create (table|(unique )?index|sequence|schema) if not exists /,
  /^drop (table|index|sequence) if exists /,
  /^alter table (if exists )?[a-z_]+ (add column if not exists|drop column if exists) /,
  /^insert into .* on conflict (\([a-z_, ]+\) )?do nothing$/,
];

/** What one of the two databases refuses, or takes and does something else, within those forms. */
const refused: Readonly<Record<string, RegExp>> = {
  'a serial column: neither ordered nor a safe number on CockroachDB': /\b(small|big)?serial\d?\b/,
  'int, which is 32 bits on one and 64 on the other: write int8': /\b(int|integer)\b/,
  'an array of jsonb': /\bjsonb?\s*\[/,
  'a partition: the syntaxes have nothing in common': /\bpartition (of|by)\b/,
  'a storage parameter, known to one of the two': /\bwith \(/,
  'a collation': /\bcollate\b/,
  'an index method other than the usual': /\busing (hash|brin|gist|spgist|gin|inverted)\b/,
  'NULLS NOT DISTINCT': /\bnulls not distinct\b/,
  'a function that one of the two lacks, or only pretends to have':
    /\b(uuidv7|make_interval|pg_\w*advisory\w*)\s*\(/,
  'a clause of a SELECT that one of the two refuses':
    /\b(tablesample|grouping sets|as of system time)\b/,
};

/** `sql` in lower case on one line, without comments, and with every literal empty. */
function plain(sql: string): string {
  return sql
    .replaceAll(/'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g, (part) =>
      part.startsWith("'") ? "''" : ' ',
    )
    .replaceAll(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}

/** All that is wrong with one migration. */
function faults(sql: string): string[] {
  const statements = plain(sql)
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  const found: string[] = [];
  if (statements.length !== 1) found.push(`it has ${statements.length} statements, not one`);
  for (const statement of statements) {
    if (!repeatable.some((form) => form.test(statement))) {
      found.push('it may not be run again, or is of a form that this test does not know');
    }
    const changes = statement.match(/^alter table/) ? clauses(statement) : [];
    if (changes.some((clause) => !/(add column if not|drop column if) exists /.test(clause))) {
      found.push('one of its changes may not be run again');
    }
    for (const [what, pattern] of Object.entries(refused)) {
      if (pattern.test(statement)) found.push(what);
    }
  }
  return found;
}

/** Why processes of the release before cannot go on beside it; nothing is wrong if the name says that it contracts. */
function contracts(name: string, sql: string): string[] {
  const statement = plain(sql);
  const lost = /^drop table |\bdrop column /.test(statement);
  const says = /^\d{3}\.do\.contract-/.test(name);
  if (lost !== says) {
    return [
      lost ? 'it takes away: name it contract-…' : 'it takes nothing away: name it otherwise',
    ];
  }
  return clauses(statement)
    .filter((clause) => /add column/.test(clause) && /not null/.test(clause))
    .filter((clause) => !/ default /.test(clause))
    .map(() => 'a column that must have a value and has no default: older releases write none');
}

/** The parts of a statement between its commas that stand in no parentheses. */
function clauses(statement: string): string[] {
  let depth = 0;
  const parts = [''];
  for (const letter of statement) {
    if (letter === '(') depth++;
    if (letter === ')') depth--;
    if (letter === ',' && depth === 0) parts.push('');
    else parts.push(`${parts.pop()}${letter}`);
  }
  return parts;
}

const files = globSync(
  join(import.meta.dirname, '{.,../shared,../examples}/*/migrations/*'),
).sort();

describe('migrations', () => {
  for (const file of files) {
    it(`${relative(import.meta.dirname, file)} is one statement, may be run again, and suits both databases`, () => {
      assert.deepEqual(faults(readFileSync(file, 'utf8')), []);
    });
  }

  for (const file of files) {
    it(`${relative(import.meta.dirname, file)} only adds, or its name says that it contracts`, () => {
      assert.deepEqual(contracts(basename(file), readFileSync(file, 'utf8')), []);
    });
  }

  for (const [name, sql] of [
    ['001.do.a.sql', 'drop table if exists a'],
    ['001.do.a.sql', 'alter table a drop column if exists n'],
    ['001.do.a.sql', 'alter table a add column if not exists n int8 not null'],
    ['001.do.contract-a.sql', 'alter table a add column if not exists n int8'],
  ] as const) {
    it(`not beside an older release: ${name}, ${sql}`, () => {
      assert.equal(contracts(name, sql).length, 1);
    });
  }

  for (const [name, sql] of [
    ['001.do.contract-a.sql', 'drop table if exists a'],
    ['001.do.a.sql', 'drop index if exists a_n'],
    ['001.do.a.sql', 'alter table a add column if not exists n int8 not null default 0'],
  ] as const) {
    it(`goes: ${name}, ${sql}`, () => assert.deepEqual(contracts(name, sql), []));
  }

  it('go forward only, numbered without a gap', () => {
    const folders = Map.groupBy(files, dirname);
    assert.ok(folders.size >= 4, `${folders.size} folders were found`);
    for (const [folder, members] of folders) {
      const numbers = members.map(
        (file) => /^(\d{3})\.do\.[a-z0-9-]+\.sql$/.exec(basename(file))?.[1],
      );
      const wanted = members.map((_, index) => String(index + 1).padStart(3, '0'));
      assert.deepEqual(numbers, wanted, folder);
    }
  });

  const wrong: readonly string[] = [
    '-- nothing',
    'create table if not exists a (n int8); create table if not exists b (n int8)',
    'create table a (n int8)',
    'create index a_n on a (n)',
    'drop index a_n',
    'alter table a add column n int8',
    'alter table a add column if not exists n int8, add column m int8',
    'alter table a add constraint a_n unique (n)',
    'alter table a rename to b',
    "insert into a (n) values ('on conflict (n) do nothing')",
    'insert into a (n) values (1) on conflict do update set n = 2',
    'update a set n = n + 1',
    'begin',
    'create table if not exists a (n bigserial primary key)',
    'create table if not exists a (n integer)',
    'create table if not exists a (n jsonb[])',
    'create table if not exists a (n text collate "C")',
    'create table if not exists a (n int8) partition by range (n)',
    'create table if not exists a (id uuid default uuidv7())',
    "create table if not exists a (n int8) with (ttl_expire_after = '1 day')",
    'create unique index if not exists a_n on a (n) nulls not distinct',
    'create index concurrently if not exists a_n on a (n)',
    'create index if not exists a_n on a using hash (n)',
    'insert into a (n) select 1 where pg_try_advisory_lock(1) on conflict do nothing',
    'insert into a (n) select n from b tablesample system (1) on conflict do nothing',
    'create type mood as enum ()',
    'create or replace function f() returns int8 as $$ select 1 $$ language sql',
  ];
  for (const sql of wrong) {
    it(`refused: ${sql}`, () => assert.notDeepEqual(faults(sql), []));
  }

  const right: readonly string[] = [
    "-- two; of them\ncreate table if not exists a (n int8, -- serial\n t text default ';int');\n",
    'alter table a add column if not exists n numeric(3, 2), add column if not exists m int8',
    'insert into a (n, m) values (1, 2) on conflict (n, m) do nothing;',
  ];
  for (const sql of right) {
    it(`accepted: ${sql.replaceAll('\n', ' ')}`, () => assert.deepEqual(faults(sql), []));
  }
});
