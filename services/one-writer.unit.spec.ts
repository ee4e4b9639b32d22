/**
 * Every table is written by the one service whose migrations make it; the rest
 * of the project reads it at the most. Two that write one row race, and no
 * projection can then be rebuilt. This looks at the source, since on a server of the
 * user's own all services may log in as one: it finds SQL that names a table, not SQL that a
 * program puts together, which is why that is refused as well.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

const comments = /\/\*[\s\S]*?\*\/|(^|\s)\/\/[^\n]*|(^|\s)--\s[^\n]*/g;
const target = String.raw`(?:only\s+)?(?:(?:"?[a-z]\w*"?\s*\.\s*)?"?([a-z]\w*)"?|(\$\{))`;
const writes = new RegExp(
  String.raw`\b(?:insert\s+into|delete\s+from|truncate(?:\s+table)?|merge\s+into|(?<!\b(?:do|for)\s+)update(?=[^;\x60]*?\bset\b)|(?:alter|drop|create)\s+table(?:\s+if(?:\s+not)?\s+exists)?|copy(?=[^;\x60]*?\bfrom\s+stdin\b))\s+${target}`,
  'gi',
);

/** The tables that `source` writes; `${` stands for one that is put in at run time. */
const written = (source: string): string[] =>
  [...source.replaceAll(comments, ' ').matchAll(writes)].map(
    ([, table, hole]) => table?.toLowerCase() ?? hole ?? '',
  );

/** Each table that `files` make, and the folder above their migrations. */
function makers(files: string): readonly (readonly [table: string, folder: string])[] {
  return globSync(files, { cwd: root }).flatMap((file) =>
    written(read(file)).map((table) => [table, dirname(dirname(file))] as const),
  );
}

/** Tables that a room of the frame writes, in the database of each service that makes them. */
const ofTheFrame = new Map(makers('shared/*/migrations/*.sql'));

/** Each table, and the folder whose code writes it: of the service that makes it, or of the frame. */
const owners = new Map<string, string>(ofTheFrame);
for (const [table, service] of makers('services/*/migrations/*.sql')) {
  if (ofTheFrame.has(table)) continue;
  const other = owners.get(table) ?? service;
  assert.equal(other, service, `${table} is made by ${other} and by ${service}`);
  owners.set(table, service);
}

/**
 * Everything that runs on the project's tables. Specs and what only they use,
 * and chaos, damage tables on purpose; bench/engine has a server of its own, and
 * bench/orders/bare a database.
 */
const sources = globSync('{bench/orders,cli,services,shared,stack,zipkin}/**/*.ts', { cwd: root })
  .filter(
    (file) =>
      !file.endsWith('.spec.ts') && !/(^|\/)(testing|chaos|bare|sql-subset)(\/|\.ts$)/.test(file),
  )
  .sort();

/** Who writes what: `services/querymodelworker` or another folder, and a table. */
const found = sources.flatMap((file) => written(read(file)).map((table) => ({ file, table })));

describe('one writer', () => {
  it('of the read model: only the projection writes orders and its checkpoint', () => {
    for (const table of ['orders', 'orders_b', 'projection_checkpoint', 'projection_failures']) {
      assert.equal(owners.get(table), 'services/querymodelworker');
      const files = found.filter((write) => write.table === table).map(({ file }) => file);
      assert.notDeepEqual(files, [], `nobody writes ${table}: this test no longer sees how`);
      for (const file of files) assert.match(file, /^services\/querymodelworker\//);
    }
  });

  it('of every other table: only the service whose migrations make it', () => {
    const strangers = found.filter(({ file, table }) => {
      const owner = owners.get(table);
      return owner !== undefined && !file.startsWith(`${owner}/`);
    });
    assert.deepEqual(strangers, []);
    const silent = [...owners.keys()].filter((table) => !found.some((w) => w.table === table));
    assert.deepEqual(silent, [], 'nobody writes these: this test no longer sees how');
  });

  it('of deadlines: only a service whose migrations make the table asks the frame to write them', () => {
    const services = globSync('services/*/**/*.ts', { cwd: root })
      .filter((file) => !file.endsWith('.spec.ts') && /\bsqlDeadlines\b/.test(read(file)))
      .map((file) => file.split('/').slice(0, 2).join('/'));
    const making = makers('services/*/migrations/*.sql').filter(([table]) => table === 'deadlines');
    assert.ok(services.length > 0, 'nobody asks: this test no longer sees how');
    assert.deepEqual(new Set(services), new Set(making.map(([, service]) => service)));
  });

  it('no statement writes a table that is named at run time, or that no migration makes', () => {
    const unknown = found.filter(({ table }) => !owners.has(table));
    const known = [
      // Migrations rest on the lease beside the schema, so no migration creates it.
      'shared/kit/sql/migrations.ts migration_lease',
      // Gives tables their owner, which changes no row.
      'services/bootstrapper/sql-roles.ts ${',
    ];
    assert.deepEqual(
      unknown.filter(({ file, table }) => !known.includes(`${file} ${table}`)),
      [],
    );
  });

  for (const [source, tables] of [
    ['sql`insert into orders (a) values (1)`', ['orders']],
    ['sql`INSERT INTO\n  public."orders" as o`', ['orders']],
    [
      'sql`with x as (update orders\n o set a = 1) delete from only deadlines`',
      ['orders', 'deadlines'],
    ],
    ['sql`truncate table orders`', ['orders']],
    ['sql`merge into orders using x`', ['orders']],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text, as a program would have it.
    ['sql`delete from ${sql(table)} where a = 1`', ['${']],
    ['// the update orders set\nsql`select 1 from orders for update`', []],
    ['sql`insert into a (b) values (1) on conflict (b) do update set b = 2`', ['a']],
  ] as const) {
    it(`seen in ${source.replaceAll('\n', ' ')}: ${tables.join(', ') || 'no write'}`, () => {
      assert.deepEqual(written(source), tables);
    });
  }
});
