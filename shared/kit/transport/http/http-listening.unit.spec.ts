import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { silentLogger } from '../../logger.ts';
import { httpLimits, limitedServer } from './http-listening.ts';

const KEPT_MS = 50;

/** Sends one request, and the next when it is told to; tells when it has, and how that one ended. */
const CALLER = `
  const { connect } = require('node:net');
  const { parentPort, workerData: { port, sent, kept } } = require('node:worker_threads');
  const flag = new Int32Array(sent);
  const request = 'GET / HTTP/1.1\\r\\nhost: localhost\\r\\n\\r\\n';
  const socket = connect(port, '127.0.0.1');
  let answers = 0;
  socket.on('data', () => {
    answers += 1;
    parentPort.postMessage(answers === 1 ? 'kept' : 'answered');
  });
  socket.on('error', () => undefined);
  socket.on('close', () => parentPort.postMessage('closed'));
  parentPort.on('message', () => {
    socket.write(request, () => {
      // The server does nothing until its time is up.
      Atomics.wait(flag, 1, 0, 2 * kept);
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
    });
  });
  socket.write(request);
`;

describe('a connection that is kept for a next request', function () {
  this.timeout(20_000);

  async function served(work: (caller: Worker, flag: Int32Array) => Promise<void>): Promise<void> {
    const server = limitedServer({ ...httpLimits, keepAliveMs: KEPT_MS }, silentLogger);
    server.keepAliveTimeoutBuffer = 0;
    server.on('request', (_request, response) => response.end('ok'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const sent = new SharedArrayBuffer(8);
    const caller = new Worker(CALLER, { eval: true, workerData: { port, sent, kept: KEPT_MS } });
    try {
      assert.deepEqual(await once(caller, 'message'), ['kept']);
      await work(caller, new Int32Array(sent));
    } finally {
      await caller.terminate();
      server.close();
    }
  }

  it('answers a request that came while the process stood still, although its time is up', () =>
    served(async (caller, flag) => {
      const ended = once(caller, 'message');
      caller.postMessage('next');
      // This thread does nothing until the request is sent and the time has passed.
      Atomics.wait(flag, 0, 0, 10_000);
      assert.equal(flag[0], 1);
      assert.deepEqual(await ended, ['answered']);
    }));

  it('is closed when its time is up and nothing came', () =>
    served(async (caller) => {
      assert.deepEqual(await once(caller, 'message'), ['closed']);
    }));
});
