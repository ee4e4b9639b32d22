import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { stranger } from '../../../shared/kit/principal.ts';
import { httpServer } from '../../../shared/kit/transport/http/http-server.ts';
import { sendRaw } from '../../../shared/testing/raw-http.ts';
import { pageRoutes } from './page-files.ts';

describe('the files of the page', () => {
  let folder: string;
  let server: ReturnType<typeof httpServer>;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'page-'));
    mkdirSync(join(folder, 'parts'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Orders</title>');
    writeFileSync(join(folder, 'parts/list.js'), 'export const one = 1;');
    writeFileSync(join(folder, 'parts/list.unit.spec.ts'), 'a test');
    writeFileSync(join(folder, '.secret'), 'nothing for browsers');
    server = httpServer({
      host: '127.0.0.1',
      port: 0,
      routes: pageRoutes(folder),
      // Somebody who has shown nothing gets the page: it asks for the token.
      whoCalls: () => stranger('a test'),
      logger: silentLogger,
    });
    await server.start?.();
  });
  after(async () => {
    await server.stop?.();
    rmSync(folder, { recursive: true });
  });
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${server.port()}${path}`, { headers });

  it('each view is the page, which finds its way by the path', async () => {
    for (const path of ['/', '/orders', '/orders/o1', '/letters/payment-worker/7', '/audit']) {
      const response = await get(path);
      assert.equal(response.status, 200, path);
      assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
      assert.match(await response.text(), /<title>Orders/);
    }
    assert.equal((await get('/elsewhere')).status, 404);
    assert.equal((await get('/api/elsewhere')).status, 404);
  });

  it('nothing runs, styles or is asked for but what comes from here', async () => {
    const policy = (await get('/')).headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self';/);
    assert.match(policy, /connect-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  });

  it('modules are served with their type, and not again to who has them', async () => {
    const response = await get('/assets/parts/list.js');
    assert.equal(response.headers.get('content-type'), 'text/javascript; charset=utf-8');
    assert.equal(await response.text(), 'export const one = 1;');
    const etag = response.headers.get('etag') ?? '';
    const again = await get('/assets/parts/list.js', { 'if-none-match': etag });
    assert.equal(again.status, 304);
    writeFileSync(join(folder, 'parts/list.js'), 'export const two = 2;');
    utimesSync(join(folder, 'parts/list.js'), 1, 1);
    const changed = await get('/assets/parts/list.js', { 'if-none-match': etag });
    assert.equal(await changed.text(), 'export const two = 2;');
  });

  it('a file that has not changed is not read again', async () => {
    const file = join(folder, 'parts/list.js');
    const text = async () => (await get('/assets/parts/list.js')).text();
    writeFileSync(file, 'export const three = 3;');
    utimesSync(file, 2, 2);
    assert.equal(await text(), 'export const three = 3;');
    // Only who reads it can tell: its length and time are the same.
    writeFileSync(file, 'export const seven = 7;');
    utimesSync(file, 2, 2);
    assert.equal(await text(), 'export const three = 3;');
    utimesSync(file, 3, 3);
    assert.equal(await text(), 'export const seven = 7;');
  });

  it('what is not on the list is not there, however it is asked for', async () => {
    for (const path of [
      '/assets/parts/list.unit.spec.ts',
      '/assets/.secret',
      '/assets/../index.html',
      '/assets/%2e%2e/page-files.ts',
      '/assets/parts%2flist.js',
      '/assets/vendor/lit-html/package.json',
      '/assets/vendor/../../package.json',
    ]) {
      const answer = await sendRaw(
        server.port(),
        Buffer.from(
          `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${server.port()}\r\nconnection: close\r\n\r\n`,
        ),
      );
      assert.notEqual(answer.status, 200, path);
    }
  });
});
