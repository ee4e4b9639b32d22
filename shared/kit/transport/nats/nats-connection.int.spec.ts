import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startNats } from '../../../../stack/nats.ts';
import { freePorts } from '../../../../stack/ports.ts';
import { testFolder } from '../../../../stack/testing.ts';
import { until } from '../../../../stack/until.ts';
import { silentLogger } from '../../logger.ts';
import { connectNats } from './nats-connection.ts';

describe('connectNats', () => {
  it('starts while the server is away, says so, connects when it comes, and again after a kill', async () => {
    const dataDir = join(await testFolder(), 'nats');
    const [port, monitorPort] = await freePorts(2);
    assert.ok(port !== undefined && monitorPort !== undefined);
    const url = `nats://127.0.0.1:${port}`;
    const nats = connectNats({ url, name: 'spec', logger: silentLogger });
    await nats.start();
    await until(() => /REFUSED/.test(nats.notReady() ?? ''), {
      what: 'refused',
      deadlineMs: 5_000,
    });

    let server = await startNats({ dataDir, port, monitorPort });
    try {
      const connection = await nats.connection();
      assert.equal(nats.notReady(), undefined);
      await connection.flush();

      server.process.kill('SIGKILL');
      await until(() => nats.notReady() !== undefined, { what: 'lost', deadlineMs: 5_000 });
      assert.equal(nats.notReady(), 'the connection to NATS is lost');
      await server.process.exited;
      server = await startNats({ dataDir, port, monitorPort });
      await until(() => nats.notReady() === undefined, { what: 'back', deadlineMs: 10_000 });
      assert.equal(await nats.connection(), connection);
      await connection.flush();

      // Closed from within, which the client does when it gives up.
      await connection.close();
      const replaced = await until(
        async () => {
          const other = await nats.connection();
          return other !== connection && other;
        },
        { what: 'replaced', deadlineMs: 5_000 },
      );
      await replaced.flush();
      await nats.stop();
      await nats.stop();
      assert.equal(replaced.isClosed(), true);
      await assert.rejects(nats.connection(), /stopped/);
    } finally {
      await nats.stop();
      await server.stop();
    }
  });

  it('stops at once while it has never connected', async () => {
    const [port] = await freePorts(1);
    const nats = connectNats({
      url: `nats://user:secret@127.0.0.1:${port}`,
      name: 'spec',
      logger: silentLogger,
    });
    await nats.start();
    const asked = nats.connection();
    await nats.stop();
    await assert.rejects(asked);
  });

  it('no password reaches log or readiness', async () => {
    const lines: string[] = [];
    const { pino } = await import('pino');
    const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const [port] = await freePorts(1);
    const nats = connectNats({ url: `nats://user:secret@127.0.0.1:${port}`, name: 'spec', logger });
    await nats.start();
    await until(() => lines.length > 0, { what: 'a line', deadlineMs: 5_000 });
    const said = lines.join() + nats.notReady();
    await nats.stop();
    assert.match(said, /away/);
    assert.doesNotMatch(said, /secret/);
  });
});
