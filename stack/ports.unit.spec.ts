import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort, freePorts, portInUse } from './ports.ts';

describe('ports', () => {
  it('gives as many different ports as were asked for', async () => {
    assert.equal(new Set(await freePorts(30)).size, 30);
  });

  it('gives none twice, though nobody listens on them, nor one that another process was given', async () => {
    const script = `
      const { freePorts } = await import(${JSON.stringify(join(import.meta.dirname, 'ports.ts'))});
      console.log(JSON.stringify(await freePorts(100)));
      setInterval(() => {}, 1000);`;
    const others = [1, 2].map(() =>
      spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
    try {
      const given = others.map(async ({ stdout }) => {
        const [line] = await once(stdout.setEncoding('utf8'), 'data');
        return JSON.parse(line) as number[];
      });
      const ports = (await Promise.all([freePorts(60), freePorts(60), ...given])).flat();
      assert.equal(ports.length, 320);
      assert.equal(new Set(ports).size, 320);
    } finally {
      for (const other of others) other.kill('SIGKILL');
    }
  });

  it('gives none that somebody listens on', async () => {
    const next = (await freePort()) + 1;
    const server = createServer().listen(next, '127.0.0.1');
    await once(server, 'listening');
    try {
      assert.ok(!(await freePorts(3)).includes(next));
    } finally {
      server.close();
    }
  });

  it('a port is in use while somebody listens, on loopback or everywhere', async () => {
    const port = await freePort();
    assert.equal(await portInUse(port), false);
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      const server = createServer().listen(port, host);
      await once(server, 'listening');
      assert.equal(await portInUse(port), true, host);
      server.close();
      await once(server, 'close');
    }
    assert.equal(await portInUse(port), false);
  });
});
