import assert from 'node:assert/strict';
import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { connect, Socket } from 'node:net';
import { eventually } from '../../../../testing/eventually.ts';
import { recordingMeter } from '../../../../testing/recording.ts';
import { silentLogger } from '../../../logger.ts';
import { type HttpServerOptions, httpServer } from '../http-server.ts';
import { route } from '../route.ts';
import { EventFeed, type FeedReader, runFeed } from './event-feed.ts';

describe('a feed of events over HTTP', () => {
  const readers: FeedReader[] = [];
  const feedRoute = (path: string, mostBytes?: number) =>
    route({
      method: 'GET',
      path,
      decode: () => undefined,
      endpoint: async () => undefined,
      encode: () => ({
        status: 200,
        body: new EventFeed((reader) => readers.push(reader), mostBytes),
      }),
    });
  const routes = [feedRoute('/feed'), feedRoute('/small', 100_000)];
  let server: ReturnType<typeof httpServer>;
  afterEach(() => server.stop?.());
  const start = async (more: Partial<HttpServerOptions> = {}) => {
    readers.length = 0;
    server = httpServer({ host: '127.0.0.1', port: 0, routes, logger: silentLogger, ...more });
    await server.start?.();
  };
  const only = (): FeedReader => {
    const [reader, ...others] = readers;
    assert.ok(reader !== undefined && others.length === 0);
    return reader;
  };

  it('sends each event as it comes, and is told when its reader leaves', async () => {
    await start();
    const leave = new AbortController();
    const response = await fetch(`http://127.0.0.1:${server.port()}/feed`, {
      signal: leave.signal,
    });
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    const reader = only();
    reader.send('parcel', { weight: 3, text: 'two\nlines' });
    reader.beat();
    const body = response.body?.getReader();
    let text = '';
    while (!text.endsWith(':\n\n')) text += Buffer.from((await body?.read())?.value ?? []);
    assert.equal(text, 'event: parcel\ndata: {"weight":3,"text":"two\\nlines"}\n\n:\n\n');
    leave.abort();
    await eventually('it is told', () => reader.gone.aborted);
    reader.send('parcel', {});
  });

  it('is measured once, until its head, however long it is read', async () => {
    const { meter, measurements } = recordingMeter();
    await start({ meter });
    const leave = new AbortController();
    await fetch(`http://127.0.0.1:${server.port()}/feed`, { signal: leave.signal });
    const told = () =>
      measurements.map(({ attributes }) => attributes['http.response.status_code']);
    await eventually('it is measured', () => measurements.length > 0, 2_000);
    leave.abort();
    await eventually('it is told', () => only().gone.aborted);
    await server.stop?.();
    assert.deepEqual(told(), [200]);
  });

  it('a reader that leaves too much unread is dropped, and holds no more than that', async () => {
    await start();
    const socket = connect(server.port(), '127.0.0.1');
    socket.write(`GET /small HTTP/1.1\r\nhost: 127.0.0.1:${server.port()}\r\n\r\n`);
    socket.pause();
    await eventually('it reads', () => readers.length === 1);
    const reader = only();
    // What the kernel takes of it is more than the feed may hold.
    for (let n = 0; n < 2_000 && !reader.gone.aborted; n++) {
      reader.send('parcel', 'x'.repeat(10_000));
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually('it is dropped', () => reader.gone.aborted);
    socket.destroy();
  });

  it('ends when the server stops, which waits for no reader', async () => {
    await start();
    const response = await fetch(`http://127.0.0.1:${server.port()}/feed`);
    const began = performance.now();
    await server.stop?.();
    assert.ok(performance.now() - began < 3_000);
    assert.equal(await response.text(), '');
    assert.ok(only().gone.aborted);
  });

  it('can be ended, as when its reader must show again who it is', async () => {
    await start();
    const response = await fetch(`http://127.0.0.1:${server.port()}/feed`);
    const reader = only();
    reader.send('parcel', {});
    reader.end();
    assert.equal(await response.text(), 'event: parcel\ndata: {}\n\n');
    await eventually('it is told', () => reader.gone.aborted);
    reader.send('parcel', {});
  });

  it('does not begin for a reader that left before', () => {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    response.destroy();
    runFeed(new EventFeed(() => assert.fail('it began')), response);
  });

  it('one asked for by HEAD has no body', async () => {
    await start();
    const socket = connect(server.port(), '127.0.0.1');
    socket.write(
      `HEAD /feed HTTP/1.1\r\nhost: 127.0.0.1:${server.port()}\r\nconnection: close\r\n\r\n`,
    );
    const [head] = await once(socket, 'data');
    assert.match(String(head), /^HTTP\/1\.1 200/);
    await once(socket, 'close');
    assert.equal(readers.length, 0);
  });
});
