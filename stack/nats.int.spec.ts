import assert from 'node:assert/strict';
import { join } from 'node:path';
import { connect } from 'nats';
import { startNats } from './nats.ts';
import { freePorts, portInUse } from './ports.ts';
import { testFolder, testNats } from './testing.ts';

describe('startNats', () => {
  it('keeps its streams over a stop and a start, also by SIGKILL', async () => {
    const dataDir = join(await testFolder(), 'nats');
    const [port, monitorPort] = await freePorts(2);
    assert.ok(port !== undefined && monitorPort !== undefined);
    const start = () => startNats({ dataDir, port, monitorPort });

    let server = await start();
    const first = await connect({ servers: server.url });
    const manager = await first.jetstreamManager();
    await manager.streams.add({ name: 'KEPT', subjects: ['KEPT.*'] });
    await first.jetstream().publish('KEPT.one', 'x');
    await first.close();

    await server.stop();
    server = await start();
    server.process.kill('SIGKILL');
    await server.process.exited;
    server = await start();

    const second = await connect({ servers: server.url });
    const stream = await (await second.jetstreamManager()).streams.info('KEPT');
    assert.equal(stream.state.messages, 1);
    assert.equal(stream.config.storage, 'file');
    await second.close();
    await server.stop();
  });

  it('a second stop is harmless, and the ports are free after it', async () => {
    const server = await testNats();
    await server.stop();
    await server.stop();
    assert.equal(await portInUse(server.port), false);
    assert.equal(server.process.running, false);
  });

  it('listens on loopback only', async () => {
    const server = await testNats();
    const varz = await fetch(`${server.monitorUrl}/varz`);
    const { host, http_host } = (await varz.json()) as { host: string; http_host: string };
    assert.deepEqual({ host, http_host }, { host: '127.0.0.1', http_host: '127.0.0.1' });
    await server.stop();
  });
});

describe('testNats', () => {
  it('gives each suite an empty server of its own', async () => {
    const [one, two] = await Promise.all([testNats(), testNats()]);
    assert.notEqual(one.url, two.url);
    await Promise.all([one.stop(), two.stop()]);
  });
});
