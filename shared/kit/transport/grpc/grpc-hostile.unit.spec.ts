import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { setTimeout as aMoment } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { Metadata, type ServerDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { EventStoreClient, EventStoreService, Lane } from '../../../../proto/gen/eventstore.ts';
import {
  nameIn,
  type TlsFolder,
  tlsFolder,
} from '../../../../stack/credentials/testing/tls-folder.ts';
import { faultyWire } from '../../../../stack/faulty-wire.ts';
import { eventually } from '../../../testing/eventually.ts';
import { background, type Context } from '../../context.ts';
import { CodedError } from '../../errors.ts';
import { silentLogger } from '../../logger.ts';
import { channelCredentials, tlsChannelOptions } from '../tls/channel-credentials.ts';
import type { TlsIdentity } from '../tls/tls-files.ts';
import { callUnary, type GrpcServer, grpcServer, serverStream, unary } from './grpc-server.ts';
import type { GrpcLimits } from './limits.ts';

const method = (name: string) => `/eventstore.EventStore/${name}`;

/** A message on the wire: compressed or not, how long, and the bytes. */
function frame(bytes: Buffer, { compressed = 0, length = bytes.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head[0] = compressed;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

/** A message of so many bytes and four more, of a field that nobody knows. */
function unknownField(length: number): Buffer {
  const head = Buffer.from([
    0x7a,
    (length & 0x7f) | 0x80,
    ((length >> 7) & 0x7f) | 0x80,
    length >> 14,
  ]);
  return Buffer.concat([head, Buffer.alloc(length)]);
}

for (const secured of [false, true]) {
  describe(`a gRPC server ${secured ? 'with mutual TLS ' : ''}under clients that mean no good`, () => {
    let certificates: TlsFolder;
    let known: TlsIdentity | undefined;
    before(async () => {
      certificates = await tlsFolder();
      if (secured) known = await certificates.identity('somebody');
    });
    after(() => certificates.remove());
    const cleanups: (() => unknown)[] = [];
    let server: GrpcServer;
    let client: EventStoreClient;
    let handled: Context[];
    let closedSources: number;
    let messages: number;
    let pauseReading: boolean;
    let hasAnswered: boolean;
    let resumeReading: () => void;

    async function serve(limits: Partial<GrpcLimits> = {}, logger = silentLogger): Promise<void> {
      server = grpcServer({
        host: '127.0.0.1',
        port: 0,
        logger,
        drainMs: 100,
        limits,
        tls: secured ? await certificates.identity('server', { hosts: ['localhost'] }) : undefined,
        services: [
          {
            definition: EventStoreService,
            implementation: {
              getHead: unary({
                name: 'GetHead',
                decode: (request: { stream: string }) => request.stream,
                endpoint: async (ctx, stream) => {
                  handled.push(ctx);
                  if (stream === 'cut')
                    throw new CodedError('conflict', 'cut', `${'x'.repeat(1023)}😀`);
                  if (stream === 'late') await aMoment(20);
                  if (stream === 'wait' && !ctx.signal.aborted) await once(ctx.signal, 'abort');
                  return 1n;
                },
                encode: (position) => ({ position }),
              }),
              getEvents: unary({
                name: 'GetEvents',
                decode: () => undefined,
                endpoint: async () => undefined,
                encode: () => ({ events: Array(100).fill(anEvent()), nextPosition: 0n }),
              }),
              getEventsStream: serverStream({
                name: 'GetEventsStream',
                decode: () => undefined,
                endpoint: async () => endless(() => closedSources++),
                encode: () => anEvent(),
              }),
              appendEvents: (call: ServerDuplexStream<unknown, unknown>) => {
                // As one that has answered before: its status comes behind, as trailers.
                if (hasAnswered) call.sendMetadata(new Metadata());
                call.on('data', () => {
                  messages++;
                  if (!pauseReading) return;
                  call.pause();
                  resumeReading = () => call.resume();
                });
                call.on('error', () => {});
                call.on('end', () => call.end());
              },
            },
          },
        ],
      });
      await server.start?.();
      client = newClient(`127.0.0.1:${server.port()}`);
      cleanups.push(
        () => server.stop?.(),
        () => client.close(),
      );
    }

    /** Of the library, with a certificate where one is asked for. */
    function newClient(address: string): EventStoreClient {
      const tls = known && { identity: known, server: nameIn('server') };
      return new EventStoreClient(address, channelCredentials(tls), tlsChannelOptions(tls));
    }

    /** Bytes that no library checks, behind a certificate where one is asked for. */
    function socket(): Socket {
      const opened = known
        ? connectTls({ ...mine(known), port: server.port(), ALPNProtocols: ['h2'] })
        : connect(server.port(), '127.0.0.1');
      opened.on('error', () => {});
      cleanups.push(() => opened.destroy());
      return opened;
    }

    const mine = (identity: TlsIdentity) => ({
      ...identity.current(),
      host: '127.0.0.1',
      servername: 'localhost',
    });

    const anEvent = () => ({
      eventId: '',
      eventType: '',
      aggregateId: '',
      aggregateType: '',
      eventData: 'x'.repeat(10_000),
      stream: '',
      version: 0n,
      position: 0n,
      createdAt: undefined,
      metadata: {},
    });

    async function* endless(closed: () => void) {
      try {
        for (;;) yield await Promise.resolve(1);
      } finally {
        closed();
      }
    }

    const getHead = (stream = '', timeoutMs = 5_000) =>
      callUnary(client.getHead.bind(client), { stream }, background(), {
        name: 'GetHead',
        timeoutMs,
      });

    /** An HTTP/2 connection that no gRPC library holds back. */
    function session(): ClientHttp2Session {
      const opened = http2.connect(`http${known ? 's' : ''}://127.0.0.1:${server.port()}`, {
        maxSendHeaderBlockLength: 1_000_000,
        ...(known && mine(known)),
      });
      opened.on('error', () => {});
      cleanups.push(() => opened.destroy());
      return opened;
    }

    function request(on: ClientHttp2Session, path: string, headers: Record<string, string> = {}) {
      const stream = on.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      });
      stream.on('error', () => {});
      return stream;
    }

    /** The result of a call: headers and trailers together. */
    async function answer(path: string, body: Buffer, headers: Record<string, string> = {}) {
      const stream = request(session(), path, headers);
      const told: IncomingHttpHeaders = {};
      stream.on('response', (received) => Object.assign(told, received));
      stream.on('trailers', (received) => Object.assign(told, received));
      stream.resume();
      stream.end(body);
      await once(stream, 'close');
      return told;
    }

    /** Sends bytes that are no HTTP/2 as long as they are taken; resolves once it was thrown out. */
    async function flood(first: Buffer, more: Buffer): Promise<void> {
      const flooding = socket();
      const closed = new Promise((resolve) => flooding.once('close', resolve));
      flooding.write(first);
      let open = true;
      void closed.then(() => {
        open = false;
      });
      await eventually('the connection is closed', () => {
        for (let i = 0; i < 50 && open; i++) flooding.write(more);
        return !open;
      });
    }

    beforeEach(() => {
      handled = [];
      closedSources = 0;
      messages = 0;
      pauseReading = false;
      hasAnswered = false;
      resumeReading = () => {};
    });
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    });

    const empty = frame(Buffer.alloc(0));
    const refusals: [string, string, Buffer, Record<string, string>, number, string | undefined][] =
      [
        [
          'bytes that are no message',
          'GetHead',
          frame(Buffer.from([255, 255])),
          {},
          3,
          'malformed_message',
        ],
        ['no message at all', 'GetHead', Buffer.alloc(0), {}, 12, 'unsupported_call'],
        [
          'two messages where one is due',
          'GetHead',
          Buffer.concat([empty, empty]),
          {},
          12,
          'unsupported_call',
        ],
        [
          'a message beyond the limit',
          'GetHead',
          frame(Buffer.alloc(0), { length: 2 ** 32 - 1 }),
          {},
          3,
          'message_too_large',
        ],
        ['an answer beyond the limit', 'GetEvents', empty, {}, 3, 'answer_too_large'],
        [
          'compressed garbage',
          'GetHead',
          frame(Buffer.from('x'), { compressed: 1 }),
          { 'grpc-encoding': 'gzip' },
          3,
          'malformed_message',
        ],
        [
          'a compressed message that is too large when it is not',
          'GetHead',
          frame(gzipSync(Buffer.alloc(5_000_000)), { compressed: 1 }),
          { 'grpc-encoding': 'gzip' },
          3,
          'message_too_large',
        ],
        [
          'an unknown compression',
          'GetHead',
          frame(Buffer.from('x'), { compressed: 1 }),
          { 'grpc-encoding': 'br' },
          12,
          'unsupported_encoding',
        ],
        [
          'a timeout that is no time',
          'GetHead',
          empty,
          { 'grpc-timeout': 'soon' },
          3,
          'malformed_message',
        ],
        [
          'metadata beyond the limit',
          'GetHead',
          empty,
          { 'x-much': 'x'.repeat(20_000) },
          3,
          'metadata_too_large',
        ],
        ['a method that there is not', 'DropEverything', empty, {}, 12, undefined],
      ];
    for (const [what, name, body, headers, code, stable] of refusals) {
      it(`${what}: refused with a clean status, and a code where the library allows one`, async () => {
        await serve({ maxMessageBytes: 500_000 });
        const told = await answer(method(name), body, headers);
        assert.deepEqual([told['grpc-status'], told['error-code']], [String(code), stable]);
        assert.doesNotMatch(JSON.stringify(told), /\.[jt]s\b|node_modules|\bat /);
        assert.equal(handled.length, 0, 'no handler saw it');
        assert.deepEqual(await getHead(), { position: 1n });
      });
    }

    it('a deadline that passes has its code, and the handler is told', async () => {
      await serve();
      const wait = EventStoreService.getHead.requestSerialize({ stream: 'wait' });
      const told = await answer(method('GetHead'), frame(wait), { 'grpc-timeout': '50m' });
      assert.deepEqual([told['grpc-status'], told['error-code']], ['4', 'deadline_exceeded']);
      await eventually('it is told', () => handled[0]?.signal.aborted);
      await eventually('nothing is held', () => server.openCalls() === 0);
    });

    it('a call that is cancelled frees what it held', async () => {
      await serve();
      const stream = request(session(), method('GetHead'));
      const wait = EventStoreService.getHead.requestSerialize({ stream: 'wait' });
      stream.end(frame(wait));
      await eventually('it is served', () => handled.length === 1 && server.openCalls() === 1);
      stream.close(http2.constants.NGHTTP2_CANCEL);
      await eventually('nothing is held', () => server.openCalls() === 0);
      assert.ok(handled[0]?.signal.aborted);
    });

    it('a message that ends in the middle of a character reaches the caller', async () => {
      await serve();
      await assert.rejects(getHead('cut'), { kind: 'conflict', code: 'cut' });
    });

    it('a request that does not arrive is cut off, and what came of it is freed', async () => {
      await serve({ requestMs: 100 });
      const stream = request(session(), method('GetHead'));
      const told = once(stream, 'response');
      stream.resume();
      stream.write(frame(Buffer.alloc(100_000), { length: 200_000 }));
      const [headers] = await told;
      assert.deepEqual(
        [headers['grpc-status'], headers['error-code']],
        ['4', 'request_incomplete'],
      );
      await once(stream, 'close');
      await eventually('nothing is held', () => server.openCalls() === 0);
    });

    it('a message of a stream that does not arrive is cut off, one in time may be followed as late as it likes', async () => {
      await serve({ requestMs: 100 });
      const stream = request(session(), method('AppendEvents'));
      const told = once(stream, 'response');
      stream.resume();
      stream.write(empty);
      await eventually('it has come', () => messages === 1);
      // Another that comes later and is cut off shows that the time has passed.
      const late = request(session(), method('GetHead')).resume();
      await once(late, 'close');
      stream.write(empty);
      await eventually('the next has come', () => messages === 2);
      stream.write(frame(Buffer.alloc(100), { length: 200 }));
      const [headers] = await told;
      assert.deepEqual(
        [headers['grpc-status'], headers['error-code']],
        ['4', 'request_incomplete'],
      );
      await eventually('nothing is held', () => server.openCalls() === 0);
    });

    it('more of requests than there is room for is refused with a time to wait, and who fits in is served', async () => {
      await serve({ maxRequestBytes: 250_000, requestMs: 60_000 });
      const part = frame(Buffer.alloc(100_000), { length: 200_000 });
      const own = session();
      const unfinished = ['GetHead', 'AppendEvents'].map((name) => request(own, method(name)));
      for (const stream of unfinished) {
        stream.resume();
        stream.write(part);
      }
      const refused = async () => {
        const told = await answer(method('GetHead'), frame(Buffer.alloc(100_000)));
        return told['error-code'] === 'too_many_bytes' ? told : undefined;
      };
      const told = await eventually('there is no more room', refused);
      assert.deepEqual([told['grpc-status'], told['error-kind']], ['8', 'overloaded']);
      assert.ok(Number(told['error-retry-after-ms']) > 0);
      // What is refused, and what is answered, is held no longer.
      for (let i = 0; i < 10; i++) await getHead('x'.repeat(20_000));
      for (const stream of unfinished) stream.close();
      await eventually('there is room again', () =>
        getHead('x'.repeat(200_000)).then(
          () => true,
          () => false,
        ),
      );
    });

    it('what a stream brings message by message is not added up', async () => {
      await serve({ maxRequestBytes: 150_000 });
      const stream = request(session(), method('AppendEvents'));
      stream.resume();
      for (let i = 1; i <= 5; i++) {
        stream.write(frame(unknownField(100_000)));
        await eventually('it has come', () => messages === i);
      }
      stream.end();
      await once(stream, 'close');
      await getHead('x'.repeat(100_000));
    });

    it('a request in time may be answered as late as it takes', async () => {
      await serve({ requestMs: 50 });
      await assert.rejects(getHead('wait', 300), { code: 'deadline_exceeded' });
    });

    it('a client that does not read is cut off, and its source is closed', async () => {
      await serve({ stalledMs: 100 });
      const stream = request(session(), method('GetEventsStream'));
      stream.pause();
      stream.end(empty);
      await eventually('its source is closed', () => closedSources === 1);
      await eventually('nothing is held', () => server.openCalls() === 0);
    });

    it('calls beyond the limit are refused with a time to wait, and others after them are served', async () => {
      await serve({ maxCalls: 3 });
      const own = session();
      const idle = Array.from({ length: 3 }, () => request(own, method('GetHead')));
      await eventually('they are open', () => server.openCalls() === 3);
      await assert.rejects(getHead(), (error: CodedError) => {
        assert.deepEqual([error.kind, error.code], ['overloaded', 'too_many_calls']);
        assert.ok(error.retryAfterMs !== undefined);
        return true;
      });
      for (const stream of idle) stream.close();
      await eventually('there is room again', () => server.openCalls() === 0);
      await getHead();
    });

    it('silent streams make room for another, the one that was silent for longest first', async () => {
      await serve({ maxStreamsPerMethod: 3, idleStreamMs: 3_000 });
      const own = session();
      const open = async () => {
        const stream = request(own, method('AppendEvents')).resume();
        const before = messages;
        stream.write(empty);
        await eventually('it is heard', () => messages === before + 1);
        return stream;
      };
      const [first, second] = [await open(), await open(), await open()];
      const full = await answer(method('AppendEvents'), empty);
      assert.equal(full['error-code'], 'too_many_calls', 'nobody was silent for long');
      first.write(empty);
      await eventually('it is heard', () => messages === 4);
      const ended = once(second, 'response');
      await eventually('there is room', async () => {
        const another = await answer(method('AppendEvents'), empty);
        return another['grpc-status'] === '0';
      });
      const [headers] = await ended;
      assert.deepEqual([headers['grpc-status'], headers['error-code']], ['14', 'stream_idle']);
      first.close();
    });

    it('a stream on which nothing is said at all is cut off', async () => {
      await serve({ requestMs: 100 });
      const stream = request(session(), method('AppendEvents')).resume();
      const [headers] = await once(stream, 'response');
      assert.deepEqual(
        [headers['grpc-status'], headers['error-code']],
        ['4', 'request_incomplete'],
      );
      await eventually('nothing is held', () => server.openCalls() === 0);
    });

    it('one connection has only its share of the streams of a method', async () => {
      await serve({ maxStreamsPerMethod: 10, maxStreamsPerPeer: 2 });
      const own = session();
      for (let i = 0; i < 2; i++) request(own, method('GetEventsStream')).end(empty);
      await eventually('they are open', () => server.openCalls() === 2);
      const refused = request(own, method('GetEventsStream')).resume();
      refused.end(empty);
      const [headers] = await once(refused, 'response');
      assert.equal(headers['error-code'], 'too_many_calls');
      request(session(), method('GetEventsStream')).end(empty);
      await eventually('another has its own', () => server.openCalls() === 3);
    });

    it('a message that whole ones came before is due as any other', async () => {
      await serve({ requestMs: 100 });
      const stream = request(session(), method('AppendEvents')).resume();
      const told = once(stream, 'response');
      stream.write(Buffer.concat([empty, empty, frame(Buffer.alloc(100), { length: 200 })]));
      await eventually('the whole ones have come', () => messages === 2);
      const [headers] = await told;
      assert.deepEqual(
        [headers['grpc-status'], headers['error-code']],
        ['4', 'request_incomplete'],
      );
    });

    it('a message that is whole is in time, however slow its handler takes it', async () => {
      await serve({ requestMs: 100 });
      const stream = request(session(), method('AppendEvents')).resume();
      stream.write(empty);
      await eventually('it has come', () => messages === 1);
      pauseReading = true;
      for (let i = 0; i < 3; i++) stream.write(frame(unknownField(100)));
      // Another that comes later and is cut off shows that the time has passed.
      await once(request(session(), method('AppendEvents')).resume(), 'close');
      await once(request(session(), method('AppendEvents')).resume(), 'close');
      assert.equal(server.openCalls(), 1);
      pauseReading = false;
      resumeReading();
      await eventually('the others have come', () => messages >= 4);
    });

    it('what is refused in the middle of a message is told to the library of its client', async () => {
      await serve({ requestMs: 100 });
      const wire = await faultyWire({ target: { port: server.port() } });
      hasAnswered = true;
      const own = newClient(wire.address);
      cleanups.push(
        () => wire.stop(),
        () => own.close(),
      );
      const call = own.appendEvents();
      call.write({ appends: [] });
      await eventually('it is heard', () => messages === 1);
      const stalled = wire.stall({ afterBytes: 20_000, way: 'toTarget' });
      const failed = once(call, 'error').then(
        () => undefined,
        (error: ServiceError) => error,
      );
      const ended = new Promise<ServiceError>((resolve) => call.on('error', resolve));
      const events = [{ ...anEvent(), eventData: 'x'.repeat(200_000) }];
      call.write({
        appends: [{ number: 1, events, expectedVersion: undefined, lane: Lane.NEW_WORK }],
      });
      await stalled;
      const error = await ended;
      await failed;
      assert.equal(error.code, status.DEADLINE_EXCEEDED);
      assert.deepEqual(error.metadata.get('error-code'), ['request_incomplete']);
    });

    it('refusals are logged, once for each code now and then', async () => {
      const lines: { method?: string; code?: string }[] = [];
      const write = (line: string) => void lines.push(JSON.parse(line));
      await serve({ requestMs: 50 }, pino({ base: null }, { write }));
      for (let i = 0; i < 3; i++) {
        await once(request(session(), method('GetHead')).resume(), 'close');
      }
      await answer(method('GetHead'), empty, { 'x-much': 'x'.repeat(20_000) });
      assert.deepEqual(
        lines.map(({ method: called, code }) => [called, code]),
        [
          [method('GetHead'), 'request_incomplete'],
          [method('GetHead'), 'metadata_too_large'],
        ],
      );
    });

    it('a deadline weeks away is served, by server and client', async () => {
      await serve();
      const late = frame(EventStoreService.getHead.requestSerialize({ stream: 'late' }));
      for (const weeks of ['720H', '99999999H', '2592000S', '50000M', '99999999M']) {
        const told = await answer(method('GetHead'), late, { 'grpc-timeout': weeks });
        assert.equal(told['grpc-status'], '0', weeks);
      }
      assert.deepEqual(await getHead('late', 30 * 24 * 3_600_000), { position: 1n });
    });

    it('streams of one method leave room for other calls', async () => {
      await serve({ maxStreamsPerMethod: 2 });
      const own = session();
      for (let i = 0; i < 2; i++) request(own, method('GetEventsStream')).end(empty);
      await eventually('they are open', () => server.openCalls() === 2);
      const told = await answer(method('GetEventsStream'), empty);
      assert.deepEqual([told['grpc-status'], told['error-code']], ['8', 'too_many_calls']);
      await getHead();
    });

    it('calls beyond the limit of a connection wait at their client', async () => {
      await serve({ maxCallsPerConnection: 5 });
      const own = session();
      await once(own, 'remoteSettings');
      const idle = Array.from({ length: 50 }, () => request(own, method('GetHead')));
      await getHead();
      assert.ok(server.openCalls() <= 5, `${server.openCalls()} are open`);
      for (const stream of idle) stream.close();
    });

    it('connections beyond the limit are closed, and those within it are served', async () => {
      await serve({ maxConnections: 3 });
      await getHead();
      let closed = 0;
      for (let i = 0; i < 20; i++) {
        const silent: Socket = connect(server.port(), '127.0.0.1');
        cleanups.push(() => silent.destroy());
        silent.on('error', () => {});
        silent.on('close', () => closed++);
      }
      await eventually('all but two are closed', () => closed === 18);
      await getHead();
    });

    it('a connection that says nothing at first is closed, one that did may be silent', async () => {
      await serve({ firstMs: 1_000 });
      const own = session();
      await once(own, 'remoteSettings');
      const silent = connect(server.port(), '127.0.0.1')
        .on('error', () => {})
        .resume();
      await new Promise((closed) => silent.once('close', closed));
      assert.equal(own.closed || own.destroyed, false);
      const stream = request(own, method('GetHead')).resume();
      stream.end(empty);
      const [headers] = await once(stream, 'response');
      assert.equal(headers[':status'], 200);
    });

    it('a connection on which nobody speaks is closed', async () => {
      await serve({ keepaliveMs: 50, keepaliveTimeoutMs: 50 });
      await once(socket().resume(), 'close');
      await getHead();
    });

    const preface = Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
    ]);
    const many = (bytes: number[]) => Buffer.concat(Array(1_000).fill(Buffer.from(bytes)));
    const floods: [string, Buffer, Buffer][] = [
      ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), Buffer.from('x')],
      ['garbage', Buffer.alloc(1_000, 0x80), Buffer.alloc(1_000, 0x80)],
      ['pings without end', preface, many([0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8])],
      ['settings without end', preface, many([0, 0, 0, 4, 0, 0, 0, 0, 0])],
    ];
    for (const [what, first, more] of floods) {
      it(`${what}: the connection is closed, and others are served`, async () => {
        await serve();
        await flood(first, more);
        await getHead();
      });
    }

    it('calls that are reset as fast as they are made end their connection, and hold nothing', async () => {
      await serve();
      const own = session();
      await eventually('it is thrown out', () => {
        for (let i = 0; i < 200 && !own.destroyed && !own.closed; i++) {
          request(own, method('GetHead')).close(http2.constants.NGHTTP2_CANCEL);
        }
        return own.destroyed || own.closed;
      });
      await eventually('nothing is held', () => server.openCalls() === 0);
      await getHead();
    });

    it('a content type that is not gRPC is 415', async () => {
      await serve();
      const told = await answer(method('GetHead'), Buffer.alloc(0), {
        'content-type': 'text/plain',
      });
      assert.equal(told[':status'], 415);
      assert.equal(told['grpc-status'], undefined);
      assert.equal((await answer(method('GetHead'), empty))['grpc-status'], String(status.OK));
    });
  });
}
