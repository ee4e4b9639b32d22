import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { httpServerTrace } from '../../../../../zipkin/http.ts';
import { eventually } from '../../../../testing/eventually.ts';
import { type RawAnswer, sendRaw } from '../../../../testing/raw-http.ts';
import { standingStill } from '../../../../testing/standing-still.ts';
import { spanRecorder } from '../../../../testing/zipkin/span-recorder.ts';
import { silentLogger } from '../../../logger.ts';
import { type HttpServerOptions, httpServer } from '../http-server.ts';
import type { ProblemDocument } from '../problem.ts';
import { type Route, route } from '../route.ts';

const echo = route({
  method: 'POST',
  path: '/echo',
  decode: (http) => http.body(),
  endpoint: async (_ctx, request) => request,
  encode: (body) => ({ status: 200, body }),
});

/** Answers when it is let go; `entered` when it was asked. */
function gate() {
  const entered = Promise.withResolvers<void>();
  const open = Promise.withResolvers<void>();
  const waiting = route({
    method: 'GET',
    path: '/wait',
    decode: () => undefined,
    endpoint: async () => {
      entered.resolve();
      await open.promise;
    },
    encode: () => ({ status: 200, body: 'waited' }),
  });
  return { waiting, entered: entered.promise, open: () => open.resolve() };
}

const HOST = 'Host: localhost\r\n';
const chunked = `POST /echo HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n`;
const announced = (length: number, ...headers: string[]) =>
  [
    'POST /echo HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${length}`,
    ...headers,
    '',
    '',
  ].join('\r\n');

describe('what never becomes a request', () => {
  const running = new Set<ReturnType<typeof httpServer>>();
  afterEach(async () => {
    for (const server of running) await server.stop?.();
    running.clear();
  });

  async function serve(
    routes: readonly Route[] = [echo],
    options: Partial<HttpServerOptions> = {},
  ): Promise<{ port: number; traces: () => (string | undefined)[] }> {
    const recorder = spanRecorder();
    const server = httpServer({
      host: '127.0.0.1',
      port: 0,
      routes,
      logger: silentLogger,
      hook: httpServerTrace(recorder.tracer),
      drainMs: 1000,
      ...options,
    });
    running.add(server);
    await server.start?.();
    return { port: server.port(), traces: () => recorder.spans().map((span) => span.traceId) };
  }

  /** The problem document of the only answer, after checking that it is whole, traced and the last. */
  function problem(answer: RawAnswer): ProblemDocument {
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
    assert.equal(answer.headers.get('content-length'), String(Buffer.byteLength(answer.body)));
    assert.equal(answer.headers.get('connection'), 'close');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    const document = JSON.parse(answer.body) as ProblemDocument;
    assert.equal(document.status, answer.status);
    assert.match(document.trace_id ?? '', /^[0-9a-f]{32}$/);
    assert.equal(answer.headers.get('x-trace-id'), document.trace_id);
    return document;
  }

  const refused: readonly (readonly [string, string, number, string])[] = [
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\r\n\r\n', 400, 'malformed_request'],
    ['a broken request line', 'GET /a b HTTP/1.1\r\n\r\n', 400, 'malformed_request'],
    ['another version', `GET / HTTP/9.9\r\n${HOST}\r\n`, 400, 'malformed_request'],
    ['HTTP/2 without having asked', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'malformed_request'],
    ['a header without a colon', `GET / HTTP/1.1\r\n${HOST}a b\r\n\r\n`, 400, 'malformed_request'],
    [
      'a control character in a header',
      `GET / HTTP/1.1\r\n${HOST}A: \x01\r\n\r\n`,
      400,
      'malformed_request',
    ],
    [
      'a header folded over two lines',
      `GET / HTTP/1.1\r\nHost: localhost\r\n y\r\n\r\n`,
      400,
      'malformed_request',
    ],
    ['two lengths', announced(1, 'Content-Length: 2'), 400, 'malformed_request'],
    ['a length and chunks', announced(1, 'Transfer-Encoding: chunked'), 400, 'malformed_request'],
    ['a negative length', announced(-1), 400, 'malformed_request'],
    ['a chunk that is none', `${chunked}\r\nzz\r\n`, 400, 'malformed_request'],
    [
      'another transfer encoding',
      `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip\r\n\r\n`,
      400,
      'malformed_request',
    ],
    [
      'chunks by HTTP/1.0',
      'POST /echo HTTP/1.0\r\nContent-Type: application/json\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n',
      400,
      'malformed_request',
    ],
    [
      'chunks of something encoded',
      `POST /echo HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n`,
      400,
      'malformed_request',
    ],
    ['no Host', 'POST /echo HTTP/1.1\r\n\r\n', 400, 'malformed_request'],
    ['two Hosts', `POST /echo HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400, 'malformed_request'],
    [
      'two Hosts in HTTP/1.0',
      `POST /echo HTTP/1.0\r\n${HOST}${HOST}\r\n`,
      400,
      'malformed_request',
    ],
    ['a Host that is none', 'POST /echo HTTP/1.1\r\nHost: a/b@c\r\n\r\n', 400, 'malformed_request'],
    [
      'a method that nobody knows',
      `BREW /echo HTTP/1.1\r\n${HOST}\r\n`,
      501,
      'method_not_implemented',
    ],
    ['CONNECT', `CONNECT x:443 HTTP/1.1\r\n${HOST}\r\n`, 501, 'method_not_implemented'],
    ['another expectation', announced(1, 'Expect: tea'), 417, 'expectation_failed'],
    [
      'headers that are too large',
      `GET / HTTP/1.1\r\n${HOST}A: ${'a'.repeat(17_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    [
      'an address that is too long',
      `GET /${'a'.repeat(17_000)} HTTP/1.1\r\n${HOST}\r\n`,
      431,
      'headers_too_large',
    ],
    [
      'too many headers',
      announced(1, ...Array<string>(100).fill('a:'), 'Idempotency-Key: k'),
      431,
      'headers_too_large',
    ],
    [
      'chunk extensions that are too large',
      `${chunked}\r\n1;${'a'.repeat(17_000)}\r\n`,
      413,
      'body_too_large',
    ],
  ];
  for (const [what, bytes, status, code] of refused) {
    it(`${what} is ${status} ${code}, and its connection is closed`, async () => {
      const { port, traces } = await serve();
      const answer = await sendRaw(port, Buffer.from(bytes, 'latin1'));
      assert.equal(answer.status, status, answer.all);
      const document = problem(answer);
      assert.equal(document.code, code);
      assert.equal(answer.all.split(/HTTP\/1\.1 \d/).length, 2, 'one answer');
      await eventually('its trace', () => traces().includes(document.trace_id));
      assert.equal(traces().length, 1, 'one trace');
    });
  }

  it('headers that do not end are 408, and hold their connection no longer', async () => {
    const { port } = await serve([echo], { limits: { headersMs: 60 } });
    for (const begun of ['', 'P', `POST /echo HTTP/1.1\r\n${HOST}`]) {
      const answer = await sendRaw(port, begun);
      assert.equal(answer.status, 408);
      assert.equal(problem(answer).code, 'request_timeout');
    }
  });

  it('a body that does not end is 408, with the trace that the request had', async () => {
    const { port, traces } = await serve([echo], { limits: { headersMs: 60, requestMs: 60 } });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = `traceparent: 00-${traceId}-b7ad6b7169203331-01`;
    const answer = await sendRaw(port, `${announced(10, traceparent)}12`);
    assert.equal(answer.status, 408);
    const document = problem(answer);
    assert.equal(document.code, 'request_timeout');
    await eventually('its trace', () => traces().length > 0);
    assert.equal(document.trace_id, traceId);
    assert.deepEqual(traces(), [traceId]);
  });

  it('what was asked before on the connection is answered first, and is not cut off', async () => {
    const { waiting, entered, open } = gate();
    const { port } = await serve([waiting]);
    const answers = sendRaw(port, `GET /wait HTTP/1.1\r\n${HOST}\r\nGARBAGE\r\n\r\n`);
    await entered;
    open();
    const { all } = await answers;
    assert.match(all, /^HTTP\/1\.1 200 OK[\s\S]*"waited"HTTP\/1\.1 400 Bad Request/);
    assert.equal(all.split(/HTTP\/1\.1 \d/).length, 3);
  });

  it('what comes after it on the connection is not answered too', async () => {
    const { waiting, entered, open } = gate();
    const { port, traces } = await serve([waiting]);
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    let all = '';
    socket.on('data', (chunk) => {
      all += String(chunk);
    });
    socket.write(`GET /wait HTTP/1.1\r\n${HOST}\r\nGARBAGE\r\n\r\n`);
    await entered;
    await new Promise<void>((resolve) => socket.write('MORE\r\n\r\n', () => resolve()));
    // By the time that another is answered, the server has read it.
    await sendRaw(port, `GET /none HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    open();
    await once(socket, 'close');
    assert.equal(all.split(/HTTP\/1\.1 \d/).length, 3, all);
    await eventually('all traces', () => traces().length >= 3);
    assert.equal(traces().length, 3);
  });

  it('a body that breaks after it was answered gets no second answer', async () => {
    const { port } = await serve([echo]);
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    let all = '';
    socket.on('data', (chunk) => {
      all += String(chunk);
    });
    // Refused by its path, before a byte of its body was looked at.
    socket.write(`${chunked.replace('/echo', '/none')}\r\n`);
    await eventually('the answer', () => all.endsWith('}'));
    socket.write('zz\r\n');
    await once(socket, 'close');
    assert.equal(all.split(/HTTP\/1\.1 \d/).length, 2, all);
  });

  it('what comes after a request that is the last of its connection is not done', async () => {
    let done = 0;
    const counted = route({
      method: 'GET',
      path: '/counted',
      decode: () => undefined,
      endpoint: async () => ++done,
      encode: (body) => ({ status: 200, body }),
    });
    const { port } = await serve([counted]);
    const next = `GET /counted HTTP/1.1\r\n${HOST}\r\n`;
    for (const [last, status] of [
      ['GET /counted HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
      [`GET /%zz HTTP/1.1\r\n${HOST}\r\n`, 400],
      [`GET /counted HTTP/1.1\r\n${HOST}Expect: tea\r\n\r\n`, 417],
    ] as const) {
      const answer = await sendRaw(port, last + next + next);
      assert.equal(answer.status, status);
      assert.equal(answer.all.split(/HTTP\/1\.1 \d/).length, 2, answer.all);
    }
    assert.equal(done, 0);
  });

  it('of what one connection asks at once a hundred are begun and answered, and the rest is 429', async () => {
    const open = Promise.withResolvers<void>();
    let begun = 0;
    const waiting = route({
      method: 'GET',
      path: '/wait',
      decode: () => undefined,
      endpoint: async () => {
        begun++;
        await open.promise;
      },
      encode: () => ({ status: 200, body: 'waited' }),
    });
    const { port } = await serve([waiting]);
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    let all = '';
    socket.on('data', (chunk) => {
      all += String(chunk);
    });
    // `once` would reject, for what is still being sent breaks off.
    const closed = new Promise((resolve) => socket.on('close', resolve));
    const asked = `GET /wait HTTP/1.1\r\n${HOST}\r\n`.repeat(1_000_000);
    socket.write(asked);
    await eventually('a hundred', () => begun === 100);
    // More than all buffers on the way hold: it was not read on.
    assert.equal((await sendRaw(port, `${announced(1, 'Connection: close')}1`)).status, 404);
    assert.ok(socket.writableLength > asked.length / 2, `${socket.writableLength} bytes wait`);
    open.resolve();
    await closed;
    assert.equal(begun, 100);
    assert.equal(all.split('HTTP/1.1 200 OK').length - 1, 100);
    const rest = all.slice(all.lastIndexOf('HTTP/1.1 '));
    assert.match(rest, /^HTTP\/1\.1 429 /);
    assert.match(rest, /\r\nretry-after: 1\r\n/);
    assert.match(rest, /"code":"rate_limited"/);
  });

  it('a connection may ask any number of times, a hundred at once', async () => {
    const { port } = await serve([echo]);
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    let answers = 0;
    socket.on('data', (chunk) => {
      answers += String(chunk).split('HTTP/1.1 200').length - 1;
    });
    for (const round of [1, 2, 3]) {
      socket.write(`${announced(1)}1`.repeat(100));
      await eventually('a hundred answers', () => answers === round * 100);
    }
    socket.destroy();
  });

  it('what is broken behind a request that awaits 100 is answered after it', async () => {
    const { waiting, entered, open } = gate();
    const { port } = await serve([waiting]);
    const asked = `GET /wait HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n\r\nGARBAGE\r\n\r\n`;
    const answers = sendRaw(port, asked);
    await entered;
    open();
    const { all } = await answers;
    assert.match(all, /HTTP\/1\.1 200 OK[\s\S]*"waited"HTTP\/1\.1 400 Bad Request/);
  });

  for (const headers of [[], ['Expect: 100-continue']]) {
    const how = headers.length === 0 ? '' : ', also where it awaits 100';
    it(`what is broken behind a request with a body is answered after it${how}`, async () => {
      const { port } = await serve();
      const { all } = await sendRaw(port, `${announced(1, ...headers)}1GARBAGE\r\n\r\n`);
      const statuses = [...all.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
      assert.deepEqual(statuses, [...headers.map(() => '100'), '200', '400'], all);
    });
  }

  it('who is refused and keeps sending waits no longer for what was asked before than who is idle', async () => {
    const { waiting, entered, open } = gate();
    // Longer than any pause between the looks below, in each of which it sends.
    const { port } = await serve([waiting], { limits: { idleMs: 500 } });
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write(`GET /wait HTTP/1.1\r\n${HOST}\r\nGARBAGE\r\n\r\n`);
    await entered;
    await eventually('it is closed', () => {
      socket.write('x');
      return socket.destroyed;
    });
    open();
  });

  it('a body that breaks as it is answered gets no second answer either', async () => {
    const { port } = await serve([echo]);
    for (const path of ['/none', '/%zz']) {
      const { all } = await sendRaw(port, `${chunked.replace('/echo', path)}\r\nzz\r\n`);
      assert.equal(all.split(/HTTP\/1\.1 \d/).length, 2, all);
    }
  });

  it('who goes away in the middle is not written to', async () => {
    const { port, traces } = await serve();
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST /echo HTT');
    socket.resetAndDestroy();
    await once(socket, 'close');
    assert.equal((await sendRaw(port, `${announced(1, 'Connection: close')}1`)).status, 200);
    await eventually('the trace of the other', () => traces().length > 0);
    assert.equal(traces().length, 1);
  });

  it('who awaits 100 is told so when its body is wanted, and closed on when it is not', async () => {
    const { port } = await serve([echo], { bodyLimitBytes: 100 });
    const wanted = `${announced(1, 'Expect: 100-continue', 'Connection: close')}1`;
    assert.match(
      (await sendRaw(port, wanted)).all,
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/,
    );
    const tooLarge = await sendRaw(port, announced(101, 'Expect: 100-continue'));
    assert.match(tooLarge.all, /^HTTP\/1\.1 413 /);
    assert.equal(problem(tooLarge).code, 'body_too_large');
    const nowhere = announced(1, 'Expect: 100-continue').replace('/echo', '/none');
    assert.match((await sendRaw(port, nowhere)).all, /^HTTP\/1\.1 404 /);
  });

  it('bodies beyond the bound of all are 503 with a time to wait, and the others are served', async () => {
    const { port } = await serve([echo], { limits: { bodiesBytes: 100 } });
    const answered = async (length: number) => {
      const answer = await sendRaw(
        port,
        announced(length, 'Connection: close') + '1'.padStart(length),
      );
      return [answer.status, answer.headers.get('retry-after')];
    };
    const held = connect(port, '127.0.0.1').on('error', () => undefined);
    held.write(announced(90) + ' '.repeat(80));
    await eventually('its body is held', async () => (await answered(21))[0] === 503);
    assert.deepEqual(await answered(21), [503, '1']);
    // What is answered, and what is refused, is held no longer.
    for (let i = 0; i < 3; i++) assert.deepEqual(await answered(20), [200, undefined]);
    held.destroy();
    await eventually('there is room again', async () => (await answered(100))[0] === 200);
    assert.deepEqual(await answered(101), [503, '1']);
  });

  it('a body is held until its request is answered', async () => {
    const { waiting, entered, open } = gate();
    const { port } = await serve([echo, waiting], { limits: { bodiesBytes: 100 } });
    const first = sendRaw(
      port,
      `GET /wait HTTP/1.1\r\n${HOST}Content-Length: 100\r\nConnection: close\r\n\r\n${' '.repeat(100)}`,
    );
    await entered;
    const one = `${announced(1, 'Connection: close')}1`;
    assert.equal((await sendRaw(port, one)).status, 503);
    open();
    assert.equal((await first).status, 200);
    assert.equal((await sendRaw(port, one)).status, 200);
  });

  it('a request that came while the process stood still is answered, though its time is over', async () => {
    const limits = { headersMs: 1_000 };
    const { port } = await serve([echo], { limits });
    const whole = `${announced(1, 'Connection: close')}1`;
    const came = await standingStill({
      port,
      first: whole.slice(0, 20),
      rest: whole.slice(20),
      ms: 2 * limits.headersMs,
      // It has taken what came before when it has answered what came after.
      taken: () => sendRaw(port, whole),
    });
    assert.match(came, /^HTTP\/1\.1 200 /);
  });

  it('silent connections shut nobody out: the oldest makes room', async () => {
    const { port } = await serve([echo], { limits: { connections: 10 } });
    const silent = Array.from({ length: 30 }, () => connect(port, '127.0.0.1'));
    let closed = 0;
    for (const socket of silent) {
      socket.on('error', () => undefined).on('close', () => closed++);
      await once(socket, 'connect');
    }
    await eventually('the first are closed', () => closed === 20);
    assert.equal((await sendRaw(port, `${announced(1, 'Connection: close')}1`)).status, 200);
    for (const socket of silent) socket.destroy();
  });

  it('a connection whose body was asked for is at work', async () => {
    const { port } = await serve([echo], { limits: { connections: 1 } });
    const first = connect(port, '127.0.0.1').on('error', () => undefined);
    first.write(announced(1, 'Expect: 100-continue'));
    const [asked] = (await once(first, 'data')) as [Buffer];
    assert.match(asked.toString(), /^HTTP\/1\.1 100 /);
    assert.equal((await sendRaw(port, announced(1))).all, '');
    first.write('1');
    const [answer] = (await once(first, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 200 /);
    first.destroy();
  });

  it('a connection beyond the bound is closed while all others are at work', async () => {
    const { waiting, entered, open } = gate();
    const { port } = await serve([echo, waiting], { limits: { connections: 1 } });
    const first = sendRaw(
      port,
      `GET /wait HTTP/1.1\r\n${HOST}Content-Length: 1\r\nConnection: close\r\n\r\n1`,
    );
    await entered;
    assert.equal((await sendRaw(port, announced(1))).all, '');
    open();
    assert.equal((await first).status, 200);
    await eventually(
      'a place for another connection',
      async () => (await sendRaw(port, `${announced(1, 'Connection: close')}1`)).status === 200,
    );
  });

  it('an answer that nobody reads is let go', async () => {
    const large = route({
      method: 'GET',
      path: '/large',
      decode: () => undefined,
      endpoint: async () => 'x'.repeat(32 * 1024 * 1024),
      encode: (body) => ({ status: 200, body }),
    });
    const ended: (number | string)[] = [];
    const hook = {
      before: <T>(ctx: T) => ctx,
      after: (_ctx: unknown, _http: unknown, outcome: { status: number | string }) => {
        ended.push(outcome.status);
      },
    };
    const { port } = await serve([large], { limits: { idleMs: 100 }, hook });
    const socket = connect(port, '127.0.0.1')
      .on('error', () => undefined)
      .pause();
    socket.write(`GET /large HTTP/1.1\r\n${HOST}\r\n`);
    await eventually('the end of the answer', () => ended.length > 0);
    assert.deepEqual(ended, [499]);
    socket.destroy();
  });

  it('a connection that is kept for nothing is let go', async () => {
    const { port } = await serve([echo], { limits: { keepAliveMs: 50 } });
    assert.equal((await sendRaw(port, `${announced(1)}1`)).status, 200);
  });
});
