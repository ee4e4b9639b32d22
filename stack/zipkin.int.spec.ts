import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { portInUse } from './ports.ts';
import { testFolder } from './testing.ts';
import { fetchJar, javaMajor, mavenProxy, startZipkin } from './zipkin.ts';

describe('startZipkin', () => {
  it('takes spans on loopback once it is ready, and a second stop is harmless', async function zipkin() {
    // As long as it is given, and a minute to be fetched.
    this.timeout(360_000);
    const lines: string[] = [];
    const server = await startZipkin({ onProgress: (line) => lines.push(line) });
    if (server === undefined) {
      console.log(`      skipped: ${lines.at(-1)}`);
      this.skip();
    }
    try {
      await server.ready;
      const span = { traceId: 'abcdef0123456789', id: '0123456789abcdef', name: 'one' };
      const posted = await fetch(`${server.url}/api/v2/spans`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([span]),
      });
      assert.equal(posted.status, 202);
      const listening = new URL(server.url);
      assert.equal(listening.hostname, '127.0.0.1');
      assert.equal(await portInUse(Number(listening.port), '127.0.0.2'), false);
      for (const path of ['', '/heapdump', '/env', '/configprops', '/beans', '/loggers']) {
        const inside = await fetch(`${server.url}/actuator${path}`, { redirect: 'manual' });
        await inside.body?.cancel();
        assert.notEqual(inside.status, 200, `/actuator${path}`);
      }
      const origin = 'https://page.example';
      const read = await fetch(`${server.url}/api/v2/services`, { headers: { origin } });
      assert.equal(read.headers.get('access-control-allow-origin'), null);
    } finally {
      await server.stop();
      await server.stop();
    }
    assert.equal(server.process.running, false);
  });
});

describe('the jar of Zipkin', () => {
  it('is not taken when it is another than was released', async () => {
    const folder = await testFolder();
    const last = `\${last#*=}/zipkin-server-3.5.1-exec.jar`;
    const script = `#!/bin/sh\nfor last; do :; done; echo evil > "${last}"`;
    await writeFile(join(folder, 'mvn'), script, { mode: 0o755 });
    const { PATH } = process.env;
    process.env.PATH = `${folder}:${PATH}`;
    try {
      await assert.rejects(fetchJar(folder), /is not Zipkin 3\.5\.1 as it was released/);
      const evil = createHash('sha256').update('evil\n').digest('hex');
      assert.equal(await fetchJar(folder, {}, evil), join(folder, 'zipkin-server-3.5.1-exec.jar'));
    } finally {
      process.env.PATH = PATH;
    }
  });
});

describe('javaMajor', () => {
  it('reads new and old ways to write a version', () => {
    assert.equal(javaMajor('openjdk version "17.0.15" 2025-04-15'), 17);
    assert.equal(javaMajor('java version "1.8.0_402"'), 8);
    assert.equal(javaMajor('openjdk version "25" 2025-09-16'), 25);
    assert.equal(javaMajor('command not found'), 0);
  });
});

describe('mavenProxy', () => {
  it('has the proxy of the environment, never its password, and what goes there directly', () => {
    const env = {
      HTTPS_PROXY: 'http://me:secret@proxy.example:3128',
      no_proxy: '.corp.example, db',
    };
    assert.deepEqual(mavenProxy(env), [
      '-Daether.connector.http.useSystemProperties=true',
      '-Dhttp.nonProxyHosts=localhost|127.*|*.corp.example|db',
      '-Dhttp.proxyHost=proxy.example',
      '-Dhttp.proxyPort=3128',
      '-Dhttps.proxyHost=proxy.example',
      '-Dhttps.proxyPort=3128',
    ]);
    assert.ok(mavenProxy({ http_proxy: 'http://proxy' }).includes('-Dhttps.proxyPort=80'));
  });

  it('says nothing without a proxy, or with one that Java does not know', () => {
    assert.deepEqual(mavenProxy({}), []);
    assert.deepEqual(mavenProxy({ https_proxy: 'socks5://proxy:1080' }), []);
  });
});
