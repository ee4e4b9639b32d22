import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { freePort, freePorts } from './ports.ts';
import { busyMs, commandName, portUser } from './proc.ts';
import { until } from './until.ts';

describe('/proc', () => {
  it('tells who listens on a port', async () => {
    const port = await freePort();
    assert.equal(portUser(port), undefined);
    for (const host of ['127.0.0.1', '::']) {
      const server = createServer().listen(port, host);
      await once(server, 'listening');
      assert.deepEqual(portUser(port), { pid: process.pid, connectedTo: undefined }, host);
      server.close();
      await once(server, 'close');
    }
  });

  it('tells whose connection begins at a port, and where it goes', async () => {
    for (const [host, shown] of [
      ['127.0.0.1', '127.0.0.1'],
      ['::1', '[0000:0000:0000:0000:0000:0000:0000:0001]'],
    ] as const) {
      const [port = 0, far = 0] = await freePorts(2);
      const server = createServer((socket) => socket.resume()).listen(far, host);
      await once(server, 'listening');
      const client = connect({ port: far, host, localPort: port });
      await once(client, 'connect');
      assert.deepEqual(portUser(port), { pid: process.pid, connectedTo: `${shown}:${far}` });
      client.destroy();
      server.close();
    }
  });

  it('tells how long a process and its children had a processor', async () => {
    const child = spawn('/bin/sh', ['-c', 'while :; do :; done & wait'], { detached: true });
    try {
      const busy = () => busyMs(child.pid ?? 0) > 100;
      await until(busy, { what: 'its work', deadlineMs: 10_000 });
    } finally {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    }
    assert.equal(busyMs(2 ** 30), 0);
  });

  it('names a process by its program and script', async () => {
    const script = join(import.meta.dirname, 'main.ts');
    const child = spawn(process.execPath, ['--check', script]);
    assert.equal(commandName(child.pid ?? 0), 'node stack/main.ts');
    await once(child, 'exit');
    assert.equal(commandName(2 ** 30), '');
  });
});
