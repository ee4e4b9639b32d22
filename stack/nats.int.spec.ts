import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'nats';
import { startNats } from './nats.ts';
import { freePorts, portInUse } from './ports.ts';
import { testFolder, testNats } from './testing.ts';
import { until } from './until.ts';

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

  it('stores what the disk can take, whatever was free when it started', async () => {
    const server = await testNats();
    const jsz = await fetch(`${server.monitorUrl}/jsz`);
    const { config } = (await jsz.json()) as { config: { max_storage: number } };
    assert.equal(config.max_storage, 2 ** 40);
    await server.stop();
  });

  it('ends by itself, to be restarted, when there is room again after its disk was full', async function skipUnlessRoot() {
    if (process.getuid?.() !== 0) this.skip();
    const small = await testFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', small]);
    const told: string[] = [];
    const server = await startNats({
      dataDir: join(small, 'nats'),
      onProgress: (line) => told.push(line),
    });
    const client = await connect({ servers: server.url });
    try {
      const manager = await client.jetstreamManager();
      await manager.streams.add({ name: 'FULL', subjects: ['FULL.*'] });
      await writeFile(join(small, 'filler'), Buffer.alloc(9 * 1024 * 1024));
      const message = Buffer.alloc(512 * 1024);
      await assert.rejects(async () => {
        for (let n = 0; n < 20; n += 1) await client.jetstream().publish('FULL.x', message);
      });
      await until(() => told.length > 0, { what: 'a word about it', deadlineMs: 5_000 });
      assert.match(told[0] ?? '', /cannot write to .* → free disk space/);
      assert.equal(server.process.running, true);
      await rm(join(small, 'filler'));
      assert.equal((await server.process.exited).code, 0);
    } finally {
      await client.close();
      await server.stop();
      execFileSync('umount', [small]);
    }
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
