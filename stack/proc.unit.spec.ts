import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { commandName, portHolder } from './proc.ts';

describe('/proc', () => {
  it('tells who listens on a port', async () => {
    const port = await freePort();
    assert.equal(portHolder(port), undefined);
    for (const host of ['127.0.0.1', '::']) {
      const server = createServer().listen(port, host);
      await once(server, 'listening');
      assert.equal(portHolder(port), process.pid, host);
      server.close();
      await once(server, 'close');
    }
  });

  it('names a process by its program and script', async () => {
    const script = join(import.meta.dirname, 'main.ts');
    const child = spawn(process.execPath, ['--check', script]);
    assert.equal(commandName(child.pid ?? 0), 'node stack/main.ts');
    await once(child, 'exit');
    assert.equal(commandName(2 ** 30), '');
  });
});
