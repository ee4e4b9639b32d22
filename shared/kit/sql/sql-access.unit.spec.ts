import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLogin } from '../process/address/url-login.ts';
import { scramVerifier } from './scram-verifier.ts';
import { sqlAccess } from './sql-access.ts';

describe('what a database’s URL says about the login', () => {
  let folder: string;
  let file: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'passfile-'));
    file = join(folder, 'pgpass');
  });
  after(() => rm(folder, { recursive: true }));

  const passwordFor = (url: string, lines: string): string | undefined => {
    writeFileSync(file, lines);
    return sqlAccess(withLogin(url, new URL(url).username, file)).password?.();
  };

  it('the first fitting line of the passfile has the password, as libpq reads it', () => {
    const url = 'postgres://ada@127.0.0.1:26257/roomsdb';
    assert.equal(passwordFor(url, '127.0.0.1:*:*:ada:secret\n'), 'secret');
    assert.equal(passwordFor(url, '# note\n*:1:*:ada:no\n*:26257:roomsdb:ada:yes\n'), 'yes');
    assert.equal(passwordFor('postgres://ada@sql/db', 'sql:5432:db:ada:a\\:b\\\\c\n'), 'a:b\\c');
  });

  it('a password for another server is never given to this one', () => {
    assert.throws(
      () => passwordFor('postgres://ada@sql.example/db', '127.0.0.1:*:*:ada:secret\n'),
      /pgpass has no password for ada at sql.example/,
    );
  });

  it('a new password counts at the next login; until a new one is there the last one does', () => {
    writeFileSync(file, '*:*:*:ada:old\n');
    const { password } = sqlAccess(withLogin('postgres://sql/db', 'ada', file));
    writeFileSync(file, '*:*:*:ada:new\n');
    assert.equal(password?.(), 'new');
    writeFileSync(file, '');
    assert.equal(password?.(), 'new');
    rmSync(file);
    assert.equal(password?.(), 'new');
  });

  it('the client is not told of the passfile, nor of any where none is named', () => {
    writeFileSync(file, '*:*:*:ada:secret\n');
    const url = 'postgres://ada@sql/db?search_path=a';
    assert.equal(sqlAccess(withLogin(url, 'ada', file)).url, url);
    for (const plain of [url, 'postgres://a:b@one/db', 'not a url']) {
      assert.deepEqual(sqlAccess(plain), { url: plain });
    }
  });

  it('each of several hosts has a password of its own, and one without is told of', () => {
    const [one, two] = [
      { host: 'one', port: 1 },
      { host: 'two', port: 5432 },
    ];
    writeFileSync(file, 'one:1:*:ada:first\ntwo:*:*:ada:second\n');
    const { url, password, hosts } = sqlAccess(withLogin('postgres://one:1,two/db', 'ada', file));
    assert.equal(url, 'postgres://ada@one:1/db');
    assert.deepEqual(hosts?.all, [one, two]);
    assert.deepEqual(
      [password?.(), password?.(one), password?.(two)],
      ['first', 'first', 'second'],
    );
    writeFileSync(file, 'one:1:*:ada:first\n');
    assert.throws(
      () => sqlAccess(withLogin('postgres://one:1,two/db', 'ada', file)),
      /has no password for ada at two/,
    );
  });

  it('only a server that takes writes will do where it says so, and what it cannot be is told', () => {
    const writable = (parameter: string) =>
      sqlAccess(`postgres://one,two/db?${parameter}`).hosts?.writable;
    assert.equal(writable('target_session_attrs=read-write'), true);
    assert.equal(writable('target_session_attrs=primary'), true);
    assert.equal(writable('target_session_attrs=any'), false);
    assert.equal(writable('application_name=x'), false);
    const { url, hosts } = sqlAccess('postgres://one/db?target_session_attrs=read-write');
    assert.deepEqual([url, hosts?.writable], ['postgres://one/db', true]);
    assert.throws(() => writable('target_session_attrs=standby'), /standby: it must be one of any/);
  });

  it('a verifier is the one that RFC 7677 derives from its example', () => {
    assert.equal(
      scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')),
      'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
    );
  });
});
