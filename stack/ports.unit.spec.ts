import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { freePort, freePorts, portInUse } from './ports.ts';

describe('ports', () => {
  it('gives as many different ports as were asked for', async () => {
    assert.equal(new Set(await freePorts(30)).size, 30);
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
