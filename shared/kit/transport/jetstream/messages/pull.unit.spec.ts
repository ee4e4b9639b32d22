import assert from 'node:assert/strict';
import type { Msg, NatsConnection, SubscriptionOptions } from 'nats';
import { openPull, type Pull } from './pull.ts';

/** A connection to a server that does what the test says; and how much it was asked for. */
function fakeServer() {
  const asked: number[] = [];
  let deliver: (message: Msg) => void = () => assert.fail('nobody listens');
  let inbox = '';
  const connection = {
    isClosed: () => false,
    status: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
    publish: (_: string, request: string) => asked.push(JSON.parse(request).batch),
    subscribe: (subject: string, { callback }: SubscriptionOptions) => {
      inbox = subject;
      deliver = (message) => callback?.(null, message);
      return { unsubscribe: () => undefined, drain: async () => undefined };
    },
  } as unknown as NatsConnection;
  const status = (code: number, pending?: number) =>
    deliver({
      subject: inbox,
      headers: {
        code,
        description: 'as the test says',
        get: (name: string) =>
          name === 'Nats-Pending-Messages' && pending !== undefined ? `${pending}` : '',
      },
    } as unknown as Msg);
  return { connection, asked, status };
}

describe('pull', () => {
  let pull: Pull;
  afterEach(() => pull.end('the test is over'));

  const open = (connection: NatsConnection) => {
    pull = openPull({
      connection,
      stream: 'PARCELS',
      consumer: 'worker',
      limit: 10,
      held: () => 0,
      onMessage: () => undefined,
    });
    return pull;
  };

  it('asks again for what a request that ran out did not bring', () => {
    const { connection, asked, status } = fakeServer();
    open(connection);
    assert.deepEqual(asked, [10]);
    status(408, 10);
    assert.deepEqual(asked, [10, 10]);
    // A few are not worth a request of their own; the rest goes with them.
    status(408, 3);
    assert.deepEqual(asked, [10, 10]);
    status(408, 7);
    assert.deepEqual(asked, [10, 10, 10]);
    assert.ok(pull.waiting());
  });

  it('ends with the reason where the server says anything else', async () => {
    const { connection, status } = fakeServer();
    open(connection);
    status(100);
    assert.ok(pull.waiting());
    status(409);
    assert.equal(await pull.ended, '409 as the test says');
    assert.ok(!pull.waiting());
  });

  it('ends where a request ran out and nobody says what is left', async () => {
    const { connection, status } = fakeServer();
    open(connection);
    status(408);
    assert.match(await pull.ended, /^408/);
  });
});
