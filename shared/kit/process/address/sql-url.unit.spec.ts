import assert from 'node:assert/strict';
import { changedSqlUrl, readSqlUrl, sqlUrl } from './sql-url.ts';
import { withLogin } from './url-login.ts';

const THREE = 'postgres://ada:a%2Cb@one:6001,two,[::1]:6003/rooms?sslmode=disable';

describe('the URL of a database', () => {
  it('has one host or several, each with a port of its own', () => {
    assert.deepEqual(readSqlUrl(THREE)?.hosts, [
      { host: 'one', port: 6001 },
      { host: 'two', port: 5432 },
      { host: '::1', port: 6003 },
    ]);
    assert.deepEqual(readSqlUrl('postgres://sql/db')?.hosts, [{ host: 'sql', port: 5432 }]);
  });

  it('is read as if it named the first host alone', () => {
    assert.equal(sqlUrl(THREE).href, 'postgres://ada:a%2Cb@one:6001/rooms?sslmode=disable');
  });

  it('keeps its hosts when its user, its database or a parameter changes', () => {
    const changed = changedSqlUrl(THREE, (url) => {
      url.pathname = '/halls';
    });
    assert.equal(changed, THREE.replace('rooms', 'halls'));
    assert.equal(
      withLogin('postgres://eva@one:1,two:2/db', 'ada', '/run/ada.pgpass'),
      'postgres://ada@one:1,two:2/db?passfile=/run/ada.pgpass',
    );
    assert.equal(
      withLogin('postgres://one/db', 'ada', '/run/ada.pgpass'),
      'postgres://ada@one/db?passfile=/run/ada.pgpass',
    );
  });

  for (const wrong of ['', 'not a url', 'postgres://one,,two/db', 'postgres://one:x,two/db']) {
    it(`is not ${JSON.stringify(wrong)}`, () => {
      assert.equal(readSqlUrl(wrong), undefined);
      assert.throws(() => changedSqlUrl(wrong, () => undefined), TypeError);
    });
  }
});
