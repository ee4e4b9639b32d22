import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { Refusal } from './api.js';
import { parser } from './event-stream.js';
import { Live } from './live.js';

describe('the reader of server-sent events', () => {
  it('tells each event once, wherever its text was cut', () => {
    const text =
      'event: orders\ndata: {"rows":[1]}\n\n: beat\n\nevent: pipeline\r\ndata: {"head":7}\r\n\r\n';
    for (let size = 1; size <= text.length; size++) {
      const heard: unknown[] = [];
      const parse = parser((type, data) => heard.push([type, data]));
      for (let at = 0; at < text.length; at += size) parse(text.slice(at, at + size));
      assert.deepEqual(heard, [
        ['orders', { rows: [1] }],
        ['pipeline', { head: 7 }],
      ]);
    }
  });

  it('does not tell an event whose end has not come', () => {
    const heard: unknown[] = [];
    parser((type) => heard.push(type))('event: orders\ndata: {}\n');
    assert.deepEqual(heard, []);
  });
});

describe('what the server tells by itself', () => {
  const tell = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
  const hello = tell('hello', { pipeline: [] });
  const told = tell('orders', { rows: [{ order_id: 'a' }], changed: 1 });
  const crowded = tell('orders', { rows: [{ order_id: 'a' }], changed: 2 });
  let live: Live;
  let missed: number;
  /** Each answer is one connection. */
  let connections: string[];

  /** Lets what is ready be read, with the clock as it is. */
  const read = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const start = async () => {
    void live.start();
    await read();
  };

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    mock.method(globalThis, 'fetch', async () => {
      const text = connections.shift();
      const body = new ReadableStream({
        start(controller) {
          if (text !== undefined) controller.enqueue(new TextEncoder().encode(text));
          if (connections.length > 0) controller.close();
        },
      });
      return new Response(body);
    });
    Object.assign(globalThis, { sessionStorage: { getItem: () => null } });
    missed = 0;
    live = new Live(() => {});
    live.onOrders(
      () => {},
      () => {
        missed++;
      },
    );
  });
  afterEach(() => {
    live.stop();
    mock.restoreAll();
    mock.timers.reset();
    Reflect.deleteProperty(globalThis, 'sessionStorage');
  });

  it('says when more orders changed than it tells, at most once in three seconds', async () => {
    connections = [hello + told];
    await start();
    assert.equal(missed, 0);
    live.stop();
    live = new Live(() => {});
    live.onOrders(
      () => {},
      () => {
        missed++;
      },
    );
    connections = [hello + crowded.repeat(5)];
    await start();
    assert.equal(missed, 1);
    mock.timers.tick(3_000);
    assert.equal(missed, 2);
    mock.timers.tick(6_000);
    assert.equal(missed, 2);
  });

  it('says so after a break', async () => {
    connections = [hello, hello];
    await start();
    assert.deepEqual([live.state, missed], ['lost', 0]);
    mock.timers.tick(1_000);
    await read();
    assert.deepEqual([live.state, missed], ['live', 1]);
  });
});

describe('a refusal', () => {
  it('passes where the server was not there or not able, and not where the person is refused', () => {
    const passing = [0, 401, 403, 404, 429, 500, 503].filter(
      (status) => new Refusal(status, 'code', 'Words.').passes,
    );
    assert.deepEqual(passing, [0, 429, 500, 503]);
  });
});
