import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { silentLogger } from '../../logger.ts';
import { channelOptionsFor, grpcServer } from '../../transport/grpc/grpc-server.ts';
import { keepLoopbackDirect } from './direct-loopback.ts';
import { isLoopback } from './loopback.ts';

const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

/** Asks this machine by each kind of client that processes use, as a process that begins. */
const client = `
  import { get } from 'node:http';
  import { keepLoopbackDirect } from ${module('./direct-loopback.ts')};
  import { silentLogger } from ${module('../../logger.ts')};
  import { createGrpcEventStore } from ${module('../../../eventstore/grpc/grpc-event-store.ts')};
  import { eventually } from ${module('../../../testing/eventually.ts')};
  keepLoopbackDirect();
  const [httpPort, grpcPort] = process.argv.slice(-2);
  const url = 'http://127.0.0.1:' + httpPort;
  const fetched = await fetch(url).then((answer) => answer.text());
  const got = await new Promise((resolve, reject) =>
    get(url, (answer) => answer.on('data', (bytes) => resolve(String(bytes)))).on('error', reject));
  const store = createGrpcEventStore({
    address: '127.0.0.1:' + grpcPort, stream: 'PARCELS', timeoutMs: 1_000, logger: silentLogger });
  await store.start();
  // Nothing is served there, so that what it says later is that it has no answer.
  await eventually('it is connected', () => !store.notReady()?.endsWith('is away'), 20_000);
  await store.stop();
  console.log([fetched, got, 'connected'].join(' '));`;

describe('calls to this machine', function suite() {
  this.timeout(60_000);
  it('never go through a proxy, by whatever variable one is named', async () => {
    const http = createServer((_request, response) => response.end('direct'));
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const grpc = grpcServer({ host: '127.0.0.1', port: 0, services: [], logger: silentLogger });
    await grpc.start?.();
    const proxy = 'http://127.0.0.1:9';
    const env = {
      ...process.env,
      NODE_USE_ENV_PROXY: '1',
      http_proxy: proxy,
      HTTP_PROXY: proxy,
      https_proxy: proxy,
      HTTPS_PROXY: proxy,
      ALL_PROXY: proxy,
      grpc_proxy: proxy,
      no_proxy: '',
      no_grpc_proxy: 'example.org',
    };
    const ports = [(http.address() as AddressInfo).port, grpc.port()].map(String);
    const args = ['--input-type=module', '--eval', client, '--', ...ports];
    try {
      const { stdout } = await promisify(execFile)(process.execPath, args, { env });
      assert.equal(stdout.trim(), 'direct direct connected');
    } finally {
      http.close();
      await grpc.stop?.();
    }
  });

  it('are named beside what no_proxy has; nothing is changed where there is no proxy', () => {
    const env: NodeJS.ProcessEnv = { HTTP_PROXY: 'http://proxy:3128', NO_PROXY: 'example.org,::1' };
    keepLoopbackDirect(env);
    assert.equal(env.no_proxy, 'example.org,::1,localhost,127.0.0.1,[::1]');
    const none: NodeJS.ProcessEnv = { PATH: '/bin' };
    keepLoopbackDirect(none);
    assert.deepEqual(none, { PATH: '/bin' });
  });

  it('over gRPC ask no proxy; others ask the one that no_proxy leaves', () => {
    const asks = (address: string) => channelOptionsFor(address)['grpc.enable_http_proxy'];
    for (const own of ['127.0.0.1:50051', 'localhost:50051', '[::1]:50051', 'dns:///localhost:1']) {
      assert.equal(asks(own), 0, own);
    }
    assert.equal(asks('eventstoresvc:50051'), 1);
  });

  it('are told from others by their host', () => {
    const own = [
      'localhost',
      'LOCALHOST',
      '127.0.0.1',
      '127.9.9.9',
      '::1',
      '[::1]',
      '::ffff:127.0.0.1',
    ];
    for (const host of own) assert.ok(isLoopback(host), host);
    for (const host of [
      '',
      '0.0.0.0',
      '10.0.0.1',
      'localhost.example.org',
      'eventstoresvc',
      '::',
    ]) {
      assert.ok(!isLoopback(host), host);
    }
  });
});
