import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import postgres from 'postgres';
import { testFolder, testPostgres } from '../../../stack/testing.ts';
import { silentLogger } from '../logger.ts';
import { migrate } from './migrations.ts';

describe('migrations', () => {
  let server: string;
  before(async () => {
    server = await (await testPostgres()).createDatabase();
  });

  async function aFolder(files: Record<string, string>): Promise<string> {
    const folder = await testFolder();
    for (const [name, sql] of Object.entries(files)) await writeFile(join(folder, name), sql);
    return folder;
  }
  function aDatabase(): string {
    const url = new URL(server);
    url.pathname = `/fresh_${randomUUID().replaceAll('-', '')}`;
    return url.href;
  }
  async function look<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
    const sql = postgres(url, { max: 1, onnotice: () => undefined });
    try {
      return await work(sql);
    } finally {
      await sql.end();
    }
  }

  it('make a database that does not exist, and apply only what is missing', async () => {
    const url = aDatabase();
    const folder = await aFolder({ '001.do.a.sql': 'create table if not exists a (n int8)' });
    await migrate({ url, folder, logger: silentLogger });
    await migrate({ url, folder, logger: silentLogger });
    await writeFile(join(folder, '002.do.b.sql'), 'insert into a (n) values (1)');
    await migrate({ url, folder, logger: silentLogger });
    await migrate({ url, folder, logger: silentLogger });
    assert.equal(await look(url, async (sql) => (await sql`select n from a`).length), 1);
  });

  it('run at once on a fresh server they are applied once', async () => {
    const url = aDatabase();
    const folder = await aFolder({
      '001.do.a.sql': 'create table if not exists a (n int8)',
      '002.do.b.sql': 'insert into a (n) values (1)',
    });
    await Promise.all(
      Array.from({ length: 5 }, () => migrate({ url, folder, logger: silentLogger })),
    );
    assert.equal(await look(url, async (sql) => (await sql`select n from a`).length), 1);
  });

  it('one that fails is told, and leaves the way free for a better one', async () => {
    const url = aDatabase();
    const folder = await aFolder({ '001.do.a.sql': 'create tabel a (n int8)' });
    await assert.rejects(migrate({ url, folder, logger: silentLogger }), /syntax error/);
    await writeFile(join(folder, '001.do.a.sql'), 'create table a (n int8)');
    await migrate({ url, folder, logger: silentLogger });
  });

  it('one that was changed after it was applied is told', async () => {
    const url = aDatabase();
    const folder = await aFolder({ '001.do.a.sql': 'create table a (n int8)' });
    await migrate({ url, folder, logger: silentLogger });
    await writeFile(join(folder, '001.do.a.sql'), 'create table a (n int8, m int8)');
    await assert.rejects(migrate({ url, folder, logger: silentLogger }), /MD5/);
  });

  describe('of a newer release', () => {
    const lines: { msg: string; files?: string[] }[] = [];
    const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const older = { '001.do.a.sql': 'create table a (n int8)' };
    const expanded = { ...older, '002.do.a-m.sql': 'alter table a add column m int8' };
    beforeEach(() => {
      lines.length = 0;
    });

    it('stay when an older one starts, which says so in a line', async () => {
      const url = aDatabase();
      await migrate({ url, folder: await aFolder(expanded), logger: silentLogger });
      await migrate({ url, folder: await aFolder(older), logger });
      assert.deepEqual(
        lines.map(({ msg, files }) => ({ msg, files })),
        [
          {
            msg: 'the schema is of a newer release, which only added to it: it stays',
            files: ['002.do.a-m.sql'],
          },
        ],
      );
      await look(url, (sql) => sql`select n, m from a`);
      await migrate({ url, folder: await aFolder(expanded), logger });
      assert.equal(lines.length, 1, 'the newer one has nothing left to do');
    });

    it('that take away what an older one needs keep it from starting', async () => {
      const url = aDatabase();
      const contracted = { ...expanded, '003.do.contract-a-n.sql': 'alter table a drop column n' };
      await migrate({ url, folder: await aFolder(contracted), logger: silentLogger });
      const folder = await aFolder(older);
      await assert.rejects(
        migrate({ url, folder, logger }),
        /^Error: a newer release has taken away from fresh_\w+ what this one needs \(003\.do\.contract-a-n\.sql\): start the newer one/,
      );
      // One that knows of it needs nothing of that.
      const next = { ...contracted, '004.do.a-o.sql': 'alter table a add column o int8' };
      await migrate({ url, folder: await aFolder(next), logger: silentLogger });
      await migrate({ url, folder: await aFolder(contracted), logger: silentLogger });
    });

    it('do not hide that one of before was changed', async () => {
      const url = aDatabase();
      await migrate({ url, folder: await aFolder(expanded), logger: silentLogger });
      const other = { '001.do.a.sql': 'create table a (n int8, o int8)' };
      const folder = await aFolder(other);
      await assert.rejects(migrate({ url, folder, logger: silentLogger }), /MD5/);
    });
  });

  it('one that must wait for a long reader keeps nobody else waiting, and is applied after it', async function () {
    this.timeout(30_000);
    const url = aDatabase();
    const first = { '001.do.a.sql': 'create table if not exists a (n int8)' };
    await migrate({ url, folder: await aFolder(first), logger: silentLogger });
    const clients = [1, 2].map(() => postgres(url, { max: 1, onnotice: () => undefined }));
    const [reader = assert.fail(), writer = assert.fail()] = clients;
    const waits = Promise.withResolvers<void>();
    const line = (text: string) => text.includes('lets those go first') && waits.resolve();
    const logger = pino({}, { write: (text: string) => void line(text) });
    try {
      await reader`begin`;
      await reader`select n from a`;
      const second = { ...first, '002.do.a-m.sql': 'alter table a add column m int8' };
      const migrated = migrate({ url, folder: await aFolder(second), logger });
      await Promise.race([waits.promise, migrated]);
      await writer`insert into a (n) values (1)`;
      await reader`commit`;
      await migrated;
      assert.deepEqual([...(await writer`select n, m from a`)], [{ n: '1', m: null }]);
    } finally {
      await Promise.all(clients.map((client) => client.end({ timeout: 5 })));
    }
  });

  it('a server that does not answer is told when the time is up', async () => {
    const folder = await aFolder({});
    const url = 'postgres://nobody@127.0.0.1:1/none';
    await assert.rejects(
      migrate({ url, folder, logger: silentLogger, timeoutMs: 200 }),
      /ECONNREFUSED|CONNECT/,
    );
  });
});
