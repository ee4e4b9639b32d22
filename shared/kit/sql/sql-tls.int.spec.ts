/** A PostgreSQL with TLS: whom a client trusts, and by which certificate the server knows it. */
import assert from 'node:assert/strict';
import { chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { type Postgres, startPostgres } from '../../../stack/postgres.ts';
import { serverUser } from '../../../stack/postgres-binaries.ts';
import { testFolder } from '../../../stack/testing.ts';
import { issueLeaf, type KeyPair, makeAuthority } from '../../credentials/certificate-authority.ts';
import { background, withTimeLeft } from '../context.ts';
import { silentLogger } from '../logger.ts';
import { createDatabase } from './database.ts';
import { openSql } from './sql-access.ts';

describe('TLS to a database', function suite() {
  this.timeout(60_000);
  const forMs = 3_600_000;
  const from = new Date('2026-11-30T08:00:00Z').getTime();
  let folder: string;
  let server: Postgres;
  let authority: KeyPair;
  let admin: postgres.Sql;

  const file = (name: string) => join(folder, name);
  const superuser = () => new URL(server.url('postgres')).username;
  const url = (query: string, host = '127.0.0.1') => {
    const [user, rest] = query.startsWith('ada?') ? ['ada', query.slice(4)] : [superuser(), query];
    return `postgres://${user}@${host}:${server.port}/postgres?${rest}`;
  };

  before(async () => {
    folder = await testFolder();
    const dataDir = join(folder, 'postgres');
    server = await startPostgres({ dataDir, durable: false });
    authority = await makeAuthority('databases', from, 10 * 365 * 24 * forMs);
    const other = await makeAuthority('others', from);
    await writeFile(file('ca.crt'), authority.cert);
    await writeFile(file('other.crt'), other.cert);
    const ada = await issueLeaf(authority, { identity: 'spiffe://x/ada', from, forMs: 8e10 });
    await writeFile(file('ada.crt'), ada.cert);
    await writeFile(file('ada.key'), ada.key, { mode: 0o600 });
    admin = postgres(server.url('postgres'), { max: 1, onnotice: () => undefined });
    await admin`create role ada with login`;
    await present({ hosts: [], addresses: ['127.0.0.1'] });
  });
  after(async () => {
    await admin?.end();
    await server?.stop();
  });

  /** The server shows a certificate for these names, and takes nothing but TLS from TCP. */
  async function present(names: { hosts: readonly string[]; addresses: readonly string[] }) {
    const dataDir = join(folder, 'postgres');
    const leaf = await issueLeaf(authority, {
      identity: 'spiffe://x/server',
      from,
      forMs: 8e10,
      ...names,
    });
    const rules = [
      'hostssl all ada all cert',
      `hostssl all ${superuser()} all trust`,
      // Of this test itself.
      `hostnossl all ${superuser()} 127.0.0.1/32 trust`,
      '',
    ].join('\n');
    const user = await serverUser();
    for (const [name, text] of [
      ['server.crt', leaf.cert],
      ['server.key', leaf.key],
      ['ca.crt', authority.cert],
      ['pg_hba.conf', rules],
    ] as const) {
      const path = join(dataDir, name);
      await writeFile(path, text, { mode: 0o600 });
      if (user !== undefined) await chown(path, user.uid, user.gid);
    }
    await admin`alter system set ssl_ca_file = 'ca.crt'`;
    await admin`alter system set ssl = on`;
    await admin`select pg_reload_conf()`;
  }

  /** By a pool of the kit, and by the client for one-off work: both must see it alike. */
  async function connected(address: string): Promise<unknown> {
    const text = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';
    const one = async () => {
      const sql = openSql(address, { max: 1, connect_timeout: 5 });
      const rows = await sql.unsafe(text).finally(() => sql.end({ timeout: 1 }));
      return rows[0]?.ssl;
    };
    const pool = async () => {
      const options = { name: 'spec', poolSize: 1, queryTimeoutMs: 5_000, logger: silentLogger };
      const database = createDatabase({ url: address, ...options });
      const context = withTimeLeft(background(), 5_000);
      const rows = await database
        .query<{ ssl: boolean }>(context, (sql) => sql.unsafe(text))
        .finally(() => database.stop());
      return rows[0]?.ssl;
    };
    const told = (work: Promise<unknown>) =>
      work.catch((error: Error) => {
        for (let link: unknown = error; link instanceof Error; link = link.cause) {
          const { code } = link as { code?: string };
          if (code !== undefined && code !== 'database_unavailable') return code;
        }
        return error.message;
      });
    const [first, second] = await Promise.all([told(one()), told(pool())]);
    assert.equal(first, second);
    return first;
  }

  it('verify-full takes the server whose certificate names its address', async () => {
    const query = `sslmode=verify-full&sslrootcert=${file('ca.crt')}`;
    assert.equal(await connected(url(query)), true);
  });

  it('verify-full takes no server of another name, though the CA is right', async () => {
    const query = `sslmode=verify-full&sslrootcert=${file('ca.crt')}`;
    assert.equal(await connected(url(query, 'localhost')), 'ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('a certificate for localhost is none for an address', async () => {
    await present({ hosts: ['localhost'], addresses: [] });
    try {
      const query = `sslmode=verify-full&sslrootcert=${file('ca.crt')}`;
      assert.equal(await connected(url(query)), 'ERR_TLS_CERT_ALTNAME_INVALID');
      assert.equal(await connected(url(query, 'localhost')), true);
    } finally {
      await present({ hosts: [], addresses: ['127.0.0.1'] });
    }
  });

  it('a server of another CA is refused by verify-full, verify-ca, and require with a CA', async () => {
    for (const mode of ['verify-full', 'verify-ca', 'require']) {
      const query = `sslmode=${mode}&sslrootcert=${file('other.crt')}`;
      assert.match(String(await connected(url(query))), /SIGNATURE|ISSUER|SELF_SIGNED|VERIFY/);
    }
    // Whom the machine trusts, which does not include our CA.
    const known = await connected(url('sslmode=verify-full&sslrootcert=system'));
    assert.match(String(known), /SIGNATURE|ISSUER|SELF_SIGNED|VERIFY/);
  });

  it('what is wrong with a certificate is told where a server that takes writes is looked for, too', async () => {
    const looks = 'target_session_attrs=read-write&sslmode=verify-full&sslrootcert=';
    const known = `${looks}${file('ca.crt')}`;
    assert.equal(await connected(url(known, 'localhost')), 'ERR_TLS_CERT_ALTNAME_INVALID');
    const other = await connected(url(`${looks}${file('other.crt')}`));
    assert.match(String(other), /SIGNATURE|ISSUER|SELF_SIGNED|VERIFY/);
    assert.equal(await connected(url(known)), true);
  });

  it('verify-ca does not look at the name, and require alone at nothing', async () => {
    const ca = `sslmode=verify-ca&sslrootcert=${file('ca.crt')}`;
    assert.equal(await connected(url(ca, 'localhost')), true);
    assert.equal(await connected(url('sslmode=require', 'localhost')), true);
  });

  it('who names a CA without a mode gets verify-full', async () => {
    const query = `sslrootcert=${file('ca.crt')}`;
    assert.equal(await connected(url(query)), true);
    assert.equal(await connected(url(query, 'localhost')), 'ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('a client is known by its certificate, and refused without one', async () => {
    const trust = `sslmode=verify-full&sslrootcert=${file('ca.crt')}`;
    const own = `&sslcert=${file('ada.crt')}&sslkey=${file('ada.key')}`;
    assert.equal(await connected(url(`ada?${trust}${own}`)), true);
    assert.equal(await connected(url(`ada?${trust}`)), '28000');
  });

  it('a file that is missing, or an unknown mode, is told at once', () => {
    assert.throws(() => openSql(url('sslmode=verify-full&sslrootcert=/nowhere/ca')), /ENOENT/);
    assert.throws(() => openSql(url('sslmode=sometimes')), /sslmode is sometimes: it must be/);
  });

  it('without any of it nothing is encrypted', async () => {
    assert.equal(await connected(url('')), false);
    assert.equal(await connected(url('sslmode=disable')), false);
  });
});
