import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { background } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { type OrdersClient, ordersClient } from './ordersvc-client.ts';

describe('the client of ordersvc', () => {
  const asked: (string | undefined)[] = [];
  let server: Server;
  let client: OrdersClient;
  before(async () => {
    server = createServer((request, response) => {
      asked.push(request.url);
      response.end('{"events":[]}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    client = ordersClient({
      url: `http://127.0.0.1:${port}`,
      timeoutMs: 5_000,
      traced: () => ({}),
    });
  });
  after(() => server.close());
  beforeEach(() => {
    asked.length = 0;
  });
  const caller = { authorization: undefined };

  it('an id stays one step of the path, whatever it is made of', async () => {
    await client.events(background(), '../a/b?c#%2e', caller);
    assert.deepEqual(asked, ['/api/orders/..%2Fa%2Fb%3Fc%23%252e/events']);
  });

  it('asks for no order whose id would lead elsewhere', async () => {
    const unknown = (error: unknown) =>
      error instanceof CodedError && error.code === 'order_not_found';
    for (const orderId of ['.', '..']) {
      await assert.rejects(client.events(background(), orderId, caller), unknown);
      const decided = { orderId, decision: 'cancel', reason: undefined } as const;
      await assert.rejects(client.decide(background(), decided, caller), unknown);
    }
    assert.deepEqual(asked, []);
  });
});
