import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { pino } from 'pino';
import { eventually } from '../../../testing/eventually.ts';
import type { Context } from '../../context.ts';
import { CodedError, codedError } from '../../errors.ts';
import { silentLogger } from '../../logger.ts';
import { logging } from '../../middleware/logging.ts';
import type { Hook, Outcome } from '../hooks.ts';
import type { HttpExchange } from './exchange.ts';
import { type HttpServerOptions, httpServer } from './http-server.ts';
import type { ProblemDocument } from './problem.ts';
import { type Route, route } from './route.ts';

const parameter = (name: string) => ({ name, in: 'query', schema: {} }) as const;

const echo = route({
  method: 'POST',
  path: '/things/:id',
  query: [parameter('q')],
  decode: (http) => ({ id: http.params.id, query: http.query.get('q'), body: http.body() }),
  endpoint: async (_ctx, request) => request,
  encode: (response) => ({ status: 201, headers: { etag: '"1"' }, body: response }),
});

const failing = (error: unknown) =>
  route({
    method: 'GET',
    path: '/fail',
    decode: () => undefined,
    endpoint: async () => {
      throw error;
    },
    encode: () => ({ status: 200 }),
  });

/** An endpoint that answers when it is let go. */
function gate() {
  const entered = Promise.withResolvers<Context>();
  const open = Promise.withResolvers<void>();
  const waiting = route({
    method: 'GET',
    path: '/wait',
    decode: () => undefined,
    endpoint: async (ctx) => {
      entered.resolve(ctx);
      await open.promise;
    },
    encode: () => ({ status: 204 }),
  });
  return { waiting, entered: entered.promise, open: () => open.resolve() };
}

/** Notes how each request ended. */
function noting() {
  const outcomes: (Outcome & { route: string | undefined })[] = [];
  const waiters: (() => void)[] = [];
  const hook: Hook<HttpExchange> = {
    before: (ctx) => ctx,
    after: (_ctx, http, outcome) => {
      outcomes.push({ ...outcome, route: http.route });
      for (const wake of waiters.splice(0)) wake();
    },
  };
  const one = async () => {
    while (outcomes.length === 0) await new Promise<void>((resolve) => waiters.push(resolve));
    return outcomes[0];
  };
  return { hook, outcomes, one };
}

describe('httpServer', () => {
  const running = new Set<ReturnType<typeof httpServer>>();
  afterEach(async () => {
    for (const server of running) await server.stop?.();
    running.clear();
  });

  async function serve(routes: readonly Route[], options: Partial<HttpServerOptions> = {}) {
    const server = httpServer({
      host: '127.0.0.1',
      port: 0,
      routes,
      logger: silentLogger,
      drainMs: 1000,
      ...options,
    });
    running.add(server);
    await server.start?.();
    return { server, url: `http://127.0.0.1:${server.port()}` };
  }

  const post = (
    url: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ) =>
    fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });

  const problem = async (response: Response) => {
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
    const document = (await response.json()) as ProblemDocument;
    assert.equal(document.status, response.status);
    return document;
  };

  it('decodes, calls the endpoint, encodes', async () => {
    const { url } = await serve([echo]);
    const response = await post(`${url}/things/a%20b?q=1`, '{"n":1.50}');
    assert.equal(response.status, 201);
    assert.equal(response.headers.get('etag'), '"1"');
    assert.deepEqual(await response.json(), {
      id: 'a b',
      query: '1',
      body: { n: { text: '1.50' } },
    });
  });

  const refusals: [
    string,
    string,
    string | Uint8Array<ArrayBuffer>,
    Record<string, string>,
    number,
    string,
  ][] = [
    ['a body that is no JSON', '/things/1', '{', {}, 400, 'malformed_json'],
    [
      'a body that is not UTF-8',
      '/things/1',
      new Uint8Array([34, 255, 34]),
      {},
      400,
      'malformed_json',
    ],
    [
      'another media type',
      '/things/1',
      'a=1',
      { 'content-type': 'text/plain' },
      415,
      'unsupported_media_type',
    ],
    [
      'another charset',
      '/things/1',
      '1',
      { 'content-type': 'application/json; charset=latin1' },
      415,
      'unsupported_media_type',
    ],
    [
      'a compressed body',
      '/things/1',
      '1',
      { 'content-encoding': 'gzip' },
      415,
      'unsupported_media_type',
    ],
    ['a body that is too large', '/things/1', ' '.repeat(2000), {}, 413, 'body_too_large'],
    ['an unknown path', '/thing', '1', {}, 404, 'not_found'],
  ];
  for (const [what, path, body, headers, status, code] of refusals) {
    it(`${what} is ${status}`, async () => {
      const { url } = await serve([echo], { bodyLimitBytes: 1000 });
      const response = await post(`${url}${path}`, body, headers);
      assert.equal(response.status, status);
      assert.equal((await problem(response)).code, code);
    });
  }

  it('415 says what is accepted: of types, or of encodings', async () => {
    const { url } = await serve([echo]);
    const told = async (headers: Record<string, string>) => {
      const response = await post(`${url}/things/1`, '1', headers);
      assert.equal(response.status, 415);
      await response.text();
      return ['accept', 'accept-post', 'accept-encoding'].map((name) => response.headers.get(name));
    };
    const json = 'application/json';
    assert.deepEqual(await told({ 'content-type': 'text/plain' }), [json, json, null]);
    assert.deepEqual(await told({ 'content-type': `${json};charset=latin1` }), [json, json, null]);
    assert.deepEqual(await told({ 'content-encoding': 'br' }), [null, null, 'identity']);
  });

  it('a parameter that the route does not know is refused, together with those that are wrong', async () => {
    const picky = route({
      method: 'GET',
      path: '/picky',
      query: [parameter('size')],
      decode: () => {
        throw new CodedError('invalid', 'invalid_query', 'It is too large.', {
          problems: [{ field: 'size', message: 'is too large' }],
        });
      },
      endpoint: async () => undefined,
      encode: () => ({ status: 204 }),
    });
    let asked = 0;
    const plain = route({
      method: 'GET',
      path: '/plain',
      decode: () => undefined,
      endpoint: async () => {
        asked += 1;
      },
      encode: () => ({ status: 204 }),
    });
    const { url } = await serve([picky, plain]);
    const fields = async (path: string) => {
      const response = await fetch(`${url}${path}`);
      assert.equal(response.status, 422);
      const { code, problems } = await problem(response);
      assert.equal(code, 'invalid_query');
      return problems?.map(({ field }) => field);
    };
    assert.deepEqual(await fields('/picky?size=9&Size=1&status=x&status=y'), [
      'size',
      'Size',
      'status',
    ]);
    assert.deepEqual(await fields('/plain?=1'), ['']);
    assert.deepEqual(await fields(`/plain?${'%E2%80%AE'.repeat(100)}`), ['\\u{202E}'.repeat(64)]);
    const many = Array.from({ length: 100 }, (_, n) => `p${n}`).join('&');
    assert.equal((await fields(`/plain?${many}`))?.length, 16);
    assert.equal(asked, 0);
    assert.equal((await fetch(`${url}/plain?`)).status, 204);
  });

  it('no answer is kept by a cache unless its route says so, nor taken for something else', async () => {
    const kept = route({
      method: 'GET',
      path: '/kept',
      decode: () => undefined,
      endpoint: async () => undefined,
      encode: () => ({ status: 200, headers: { 'cache-control': 'max-age=1' }, body: {} }),
    });
    const { url } = await serve([kept, echo, failing(new Error('x'))]);
    for (const [path, cached] of [
      ['/kept', 'max-age=1'],
      ['/fail', 'no-store'],
      ['/none', 'no-store'],
    ] as const) {
      const { headers } = await fetch(`${url}${path}`);
      assert.equal(headers.get('cache-control'), cached);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'/);
    }
  });

  it('a hook that throws fails no request, neither served nor refused, and ends nothing', async () => {
    const broken = () => {
      throw new Error('no tracing');
    };
    const warned: string[] = [];
    const hear = ({ name }: Error) => warned.push(name);
    process.on('warning', hear);
    try {
      const { url, server } = await serve([echo], { hook: { before: broken, after: broken } });
      assert.equal((await post(`${url}/things/1`, '1')).status, 201);
      const socket = connect(server.port(), '127.0.0.1').resume();
      socket.write('GARBAGE\r\n\r\n');
      await once(socket, 'close');
      assert.equal((await post(`${url}/things/1`, '1')).status, 201);
      await eventually('it is told of', () => warned.includes('HookWarning'));
    } finally {
      process.off('warning', hear);
    }
  });

  it('a body of unannounced length that is too large is 413', async () => {
    const { url } = await serve([echo], { bodyLimitBytes: 1000 });
    const body = ReadableStream.from([new Uint8Array(600), new Uint8Array(600)]);
    const response = await fetch(`${url}/things/1`, { method: 'POST', body, duplex: 'half' });
    assert.equal(response.status, 413);
    await response.body?.cancel();
  });

  it('a known path with another method is 405 and says what is allowed', async () => {
    const { url } = await serve([echo]);
    const response = await fetch(`${url}/things/1`, { method: 'DELETE' });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get('allow'), 'POST');
    assert.equal((await problem(response)).code, 'method_not_allowed');
  });

  it('a failure is logged once: by the endpoint, or here where the endpoint does not see it', async () => {
    const lines: string[] = [];
    const logger = pino(
      { level: 'info' },
      { write: (text: string) => lines.push((JSON.parse(text) as { msg: string }).msg) },
    );
    const bug = () => {
      throw new Error('a bug');
    };
    const at = (path: string, part: object) =>
      route({
        method: 'GET',
        path,
        decode: () => undefined,
        endpoint: logging(logger, 'thing')(async () => undefined),
        encode: () => ({ status: 204 }),
        ...part,
      });
    const broken = { status: 200, headers: { location: 'a\r\nb' } };
    const { url } = await serve(
      [
        at('/decode', { decode: bug }),
        at('/endpoint', { endpoint: logging(logger, 'thing')(async () => bug()) }),
        at('/encode', { encode: bug }),
        at('/write', { encode: () => broken }),
        at('/fault', {
          decode: () => {
            throw new CodedError('invalid', 'wrong', 'Wrong.');
          },
        }),
      ],
      { logger },
    );
    const ours = 'Something went wrong on our side.';
    const told: [string, string[]][] = [
      ['/decode', ['HTTP request failed']],
      ['/endpoint', [ours]],
      ['/encode', ['thing', 'HTTP request failed']],
      ['/write', ['thing', 'HTTP request failed']],
      ['/fault', []],
    ];
    for (const [path, messages] of told) {
      await (await fetch(url + path)).text();
      assert.deepEqual(lines.splice(0), messages, path);
    }
  });

  it('a failure shows nothing of the inside', async () => {
    const { url } = await serve([failing(new Error('select secret from /srv/app.ts'))]);
    const response = await fetch(`${url}/fail`);
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /select|srv|at /);
  });

  it('an answer that cannot be written is a 500, not half an answer', async () => {
    const broken = route({
      method: 'GET',
      path: '/broken',
      decode: () => undefined,
      endpoint: async () => undefined,
      encode: () => ({ status: 200, headers: { location: 'a\r\nb' }, body: { a: 1 } }),
    });
    const { url } = await serve([broken]);
    const response = await fetch(`${url}/broken`);
    assert.equal(response.status, 500);
    assert.equal((await problem(response)).code, 'internal');
  });

  it('says when to come back', async () => {
    const error = new CodedError('unavailable', 'away', 'Away.', { retryAfterMs: 2500 });
    const { url } = await serve([failing(error)]);
    const response = await fetch(`${url}/fail`);
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('retry-after'), '3');
    await response.body?.cancel();
  });

  it('every answer carries the trace that the hook gave it', async () => {
    const { trace } = await import('@opentelemetry/api');
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const span = { traceId, spanId: 'b7ad6b7169203331', traceFlags: 1 };
    const hook: Hook<HttpExchange> = {
      before: (ctx) => ({ ...ctx, telemetry: trace.setSpanContext(ctx.telemetry, span) }),
      after: () => undefined,
    };
    const { url } = await serve([echo], { hook });
    for (const path of ['/things/1', '/nothing']) {
      const response = await post(`${url}${path}`, '1');
      assert.equal(response.headers.get('x-trace-id'), traceId);
      const body = (await response.json()) as { trace_id?: string };
      assert.equal(body.trace_id, response.ok ? undefined : traceId);
    }
  });

  it('the hook hears once how each request ended', async () => {
    const { hook, outcomes, one } = noting();
    const { url } = await serve([echo], { hook });
    await (await post(`${url}/things/1`, '1')).text();
    assert.deepEqual(await one(), { status: 201, error: undefined, route: '/things/:id' });
    await (await post(`${url}/nothing`, '1')).text();
    await (await post(`${url}/things/1`, '1')).text();
    assert.ok(outcomes.length >= 2);
    assert.equal(codedError(outcomes[1]?.error).code, 'not_found');
  });

  it('a caller that goes away aborts the context, and is no failure', async () => {
    const { waiting, entered, open } = gate();
    const { hook, one } = noting();
    const { server } = await serve([waiting], { hook });
    const socket = connect(server.port(), '127.0.0.1');
    socket.write('GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const ctx = await entered;
    socket.destroy();
    if (!ctx.signal.aborted) await once(ctx.signal, 'abort');
    open();
    assert.equal((await one())?.status, 499);
  });

  it('stop finishes what is being answered, takes nothing new, and may be called twice', async () => {
    const { waiting, entered, open } = gate();
    // A connection that is kept alive would hold it up for longer than this test may take.
    const { server, url } = await serve([waiting], { drainMs: 60_000 });
    const answer = fetch(`${url}/wait`);
    await entered;
    const stops = [server.stop?.(), server.stop?.()];
    await assert.rejects(fetch(`${url}/wait`));
    open();
    assert.equal((await answer).status, 204);
    await Promise.all(stops);
  });

  it('stop cuts off what does not end in time', async () => {
    const { waiting, entered, open } = gate();
    const { server, url } = await serve([waiting], { drainMs: 50 });
    const answer = fetch(`${url}/wait`);
    await entered;
    await Promise.all([assert.rejects(answer), server.stop?.()]);
    open();
  });

  it('says which port it cannot have', async () => {
    const { server } = await serve([]);
    const second = httpServer({
      host: '127.0.0.1',
      port: server.port(),
      routes: [],
      logger: silentLogger,
    });
    await assert.rejects(
      async () => second.start?.(),
      /HTTP cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/,
    );
    await second.stop?.();
  });
});
