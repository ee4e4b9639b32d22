/** `make demo` as the process that it is, as far as it needs no whole stack. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createEndpoints } from '../services/eventstoresvc/endpoints.ts';
import { createGrpcService } from '../services/eventstoresvc/transport-grpc.ts';
import { createMemoryEventStore } from '../shared/eventstore/memory/memory-event-store.ts';
import { nop } from '../shared/kit/endpoint.ts';
import { silentLogger } from '../shared/kit/logger.ts';
import { grpcServer } from '../shared/kit/transport/grpc/grpc-server.ts';
import { noHook } from '../shared/kit/transport/hooks.ts';
import { freePort } from './ports.ts';

const demoFile = fileURLToPath(new URL('demo.ts', import.meta.url));
const proto = fileURLToPath(new URL('../proto/eventstore.proto', import.meta.url));

interface Ran {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

function demo(args: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...environment };
    const options = { env, timeout: 30_000 };
    execFile(process.execPath, [demoFile, ...args], options, (error, output, errors) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, output, errors });
    });
  });
}

describe('make demo', function suite() {
  this.timeout(40_000);

  it('says how it is used, and in one line what it does not know', async () => {
    const help = await demo(['--help']);
    assert.deepEqual([help.code, help.errors], [0, '']);
    assert.match(help.output, /--json/);
    for (const wrong of ['--foo', 'foo']) {
      const { code, output, errors } = await demo([wrong]);
      assert.deepEqual([code, output], [2, '']);
      assert.match(errors, /^error: [^\n]+\n$/);
    }
  });

  it('a port that is none is one line', async () => {
    const { code, output, errors } = await demo([], { ORDERS_URL: '', HTTP_PORT: 'many' });
    assert.deepEqual([code, output], [2, '']);
    assert.match(errors, /^HTTP_PORT: must be [^\n]+\n$/);
  });

  it('a stack that is named and does not answer is one line, and none is started in its place', async () => {
    const ORDERS_URL = `http://127.0.0.1:${await freePort()}`;
    const { code, output, errors } = await demo([], { ORDERS_URL });
    assert.deepEqual([code, output], [1, '']);
    assert.match(errors, /^no ordersvc answers at [^\n]+ → [^\n]+\n$/);
  });

  it('an event store of another stack is refused, with both addresses', async () => {
    const store = createMemoryEventStore({ stream: 'ORDERS' });
    const grpc = grpcServer({
      host: '127.0.0.1',
      port: 0,
      services: [
        createGrpcService(
          createEndpoints(store, () => nop),
          'ORDERS',
          noHook,
          1_000,
        ),
      ],
      protoPath: proto,
      logger: silentLogger,
    });
    await grpc.start?.();
    // An ordersvc whose orders stand in another log, and are all that any scenario waits for.
    const http = createServer((request, response) => {
      request.resume();
      response.writeHead(request.method === 'POST' ? 201 : 200, { 'x-trace-id': 'trace-1' });
      const order = { order_id: 'o-1', status: 'Approved', payment_status: 'debited' };
      response.end(JSON.stringify(order));
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    try {
      const eventStore = `127.0.0.1:${grpc.port()}`;
      const { port } = http.address() as AddressInfo;
      const { code, output, errors } = await demo([], {
        ORDERS_URL: '',
        HTTP_PORT: String(port),
        EVENTSTORE_ADDRESS: eventStore,
        ZIPKIN_URL: 'http://127.0.0.1:1',
      });
      assert.equal(code, 1, output);
      assert.equal(output, `on the stack at http://127.0.0.1:${port}, event store ${eventStore}\n`);
      assert.match(errors, /^the event store at [^\n]+ belong to different stacks → [^\n]+\n$/);
      assert.ok(errors.includes(eventStore) && errors.includes(`http://127.0.0.1:${port}`));
    } finally {
      http.closeAllConnections();
      http.close();
      await grpc.stop?.();
    }
  });
});
