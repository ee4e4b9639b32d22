import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { trace } from '@opentelemetry/api';
import { pino } from 'pino';
import { sendRaw } from '../../../../testing/raw-http.ts';
import { recordingMeter } from '../../../../testing/recording.ts';
import { withTelemetry } from '../../../context.ts';
import { CodedError } from '../../../errors.ts';
import { silentLogger } from '../../../logger.ts';
import { localPerson, type Principal, stranger } from '../../../principal.ts';
import type { Outcome } from '../../hooks.ts';
import { type HttpServerOptions, httpServer } from '../http-server.ts';
import type { ProblemDocument } from '../problem.ts';
import { route } from '../route.ts';

describe('a request refused by its head', () => {
  let full: boolean;
  let asked: string[];
  let server: ReturnType<typeof httpServer> | undefined;

  beforeEach(() => {
    full = true;
    asked = [];
  });
  afterEach(async () => server?.stop?.());

  const admit = ({ share }: { readonly share: string }) => {
    asked.push(share);
    const message = 'No more at present.';
    return full
      ? new CodedError('overloaded', 'full', message, { retryAfterMs: 2_000 })
      : undefined;
  };
  const post = (path: string, more: Partial<Parameters<typeof route>[0]> = {}) =>
    route({
      method: 'POST',
      path,
      admit,
      decode: (http) => http.body(),
      endpoint: async (_ctx, request) => request,
      encode: (body) => ({ status: 201, body }),
      ...more,
    });

  async function serve(options: Partial<HttpServerOptions> = {}): Promise<string> {
    const usual = { host: '127.0.0.1', port: 0, routes: [post('/parcels')], logger: silentLogger };
    server = httpServer({ ...usual, ...options });
    await server.start?.();
    return `http://127.0.0.1:${server.port()}`;
  }

  const send = (address: string, headers: Record<string, string> = {}) =>
    fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{}',
    });

  it('has the answer and the trace that it has on the long way', async () => {
    const span = {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: 1,
    };
    const told: object[] = [];
    const hook: HttpServerOptions['hook'] = {
      before: (ctx, { header, ...http }) => {
        told.push({ ...http, host: header('host'), none: header('x-none') });
        return withTelemetry(ctx, trace.setSpanContext(ctx.telemetry, span));
      },
      after: () => undefined,
    };
    const url = await serve({ hook });
    const answers = [];
    // What has a query goes the long way.
    for (const path of ['/parcels', '/parcels?x=1']) {
      const answer = await send(url + path);
      const { date: _, ...headers } = Object.fromEntries(answer.headers);
      answers.push({ status: answer.status, headers, body: await answer.json() });
    }
    assert.equal(told.length, 2);
    assert.deepEqual(told[0], told[1]);
    const [short, long] = answers;
    assert.equal(short?.status, 503);
    assert.equal(short.headers['retry-after'], '2');
    assert.equal((short.body as ProblemDocument).code, 'full');
    assert.equal(short.headers['x-trace-id'], span.traceId);
    assert.deepEqual(short, long);
  });

  it('is told to hooks and measured once, like any other', async () => {
    const told: Outcome[] = [];
    const { meter, measurements } = recordingMeter();
    const hook: HttpServerOptions['hook'] = {
      before: (ctx) => ctx,
      after: (_ctx, _http, outcome) => told.push(outcome),
    };
    await send(`${await serve({ hook, meter })}/parcels`);
    assert.deepEqual(
      told.map(({ status, error }) => [status, (error as CodedError).code]),
      [[503, 'full']],
    );
    const durations = measurements.filter(({ instrument }) => instrument.includes('duration'));
    assert.deepEqual(
      durations.map(({ attributes }) => Object.values(attributes)),
      [['POST', '/parcels', 503, 'full']],
    );
  });

  it('leaves its connection to the next one, whatever of its body came', async () => {
    const url = await serve();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const request = (more: string, body: string) =>
      `POST /parcels HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n${more}\r\n${body}`;
    socket.write(request('', '{"a"'));
    await new Promise((resolve) => socket.once('data', resolve));
    full = false;
    socket.write(`:"1"}${request('connection: close\r\n', '{"b":"1"}')}`);
    const answers = await text(socket);
    assert.match(answers, /^HTTP\/1\.1 201 /);
    assert.match(answers, /\{"b":"1"\}$/);
  });

  it('is not asked to send its body', async () => {
    const url = await serve();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(
      'POST /parcels HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 8\r\n\r\n',
    );
    assert.match(await text(socket), /^HTTP\/1\.1 503 /);
  });

  it('of a web page or a faulty head is refused for that, and is no wish for a place', async () => {
    const url = await serve();
    const answer = await send(`${url}/parcels`, { origin: 'https://elsewhere.example' });
    assert.equal(answer.status, 403);
    const port = Number(new URL(url).port);
    const nameless = await sendRaw(port, 'POST /parcels HTTP/1.1\r\ncontent-length: 0\r\n\r\n');
    assert.equal(nameless.status, 400);
    assert.deepEqual(asked, []);
  });

  it('of a stranger is 401, and is no wish for a place', async () => {
    const url = await serve({ whoCalls: () => stranger('10.0.0.1') });
    assert.equal((await send(`${url}/parcels`)).status, 401);
    assert.deepEqual(asked, []);
  });

  it('of a stranger at a route that is open to all has its answer', async () => {
    const routes = [post('/parcels', { open: true })];
    const url = await serve({ routes, whoCalls: () => stranger('10.0.0.1') });
    assert.equal((await send(`${url}/parcels`)).status, 503);
  });

  it('is refused by the route that would serve it: the first that matches', async () => {
    const serving = { admit: () => undefined };
    for (const routes of [
      [post('/parcels/:id', serving), post('/parcels/new')],
      [post('/parcels/new', serving), post('/parcels/new')],
    ]) {
      const url = await serve({ routes });
      assert.equal((await send(`${url}/parcels/new`)).status, 201);
      await server?.stop?.();
    }
    assert.deepEqual(asked, []);
  });

  it('by a fault of ours is 500 and logged, and the server goes on', async () => {
    const message = 'It broke.';
    const broken = {
      throwing: () => {
        throw new Error(message);
      },
      internal: () => new CodedError('internal', 'broken', message),
    };
    for (const admit of Object.values(broken)) {
      const lines: string[] = [];
      const logger = pino({}, { write: (line: string) => void lines.push(line) });
      const url = await serve({ logger, routes: [post('/parcels', { admit })] });
      for (let times = 0; times < 2; times++) {
        assert.equal((await send(`${url}/parcels`)).status, 500);
      }
      assert.equal(lines.filter((line) => line.includes(message)).length, 2);
      await server?.stop?.();
    }
  });

  it('by a hook that breaks the answer loses its connection alone', async () => {
    const hook = { before: () => undefined as never, after: () => undefined };
    const url = await serve({ hook });
    await assert.rejects(send(`${url}/parcels`));
    await assert.rejects(send(`${url}/parcels`), { name: 'TypeError' });
  });

  it('while the server stops is the last on its connection', async () => {
    const url = await serve();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const answer = text(socket);
    socket.write('POST /parcels HTTP/1.1\r\nhost: localhost\r\n');
    // What was sent later has its answer, so the server has the beginning of the head.
    await send(`${url}/parcels`);
    const stopped = server?.stop?.();
    socket.write('content-length: 0\r\n\r\n');
    assert.match(await answer, /^HTTP\/1\.1 503 .*connection: close\r\n/is);
    await stopped;
  });

  it('of a new token has its token checked once', async () => {
    let checks = 0;
    const whoCalls = async (): Promise<Principal> => {
      checks++;
      return localPerson('10.0.0.1');
    };
    const url = await serve({ whoCalls });
    assert.equal((await send(`${url}/parcels`)).status, 503);
    assert.deepEqual([checks, asked.length], [1, 1]);
  });

  it('of a token that does not count is told so', async () => {
    const error = new CodedError('unauthenticated', 'token_invalid', 'No.');
    for (const refused of [
      () => Promise.reject(error),
      () => {
        throw error;
      },
    ]) {
      const url = await serve({ whoCalls: refused });
      assert.equal((await send(`${url}/parcels`)).status, 401);
      await server?.stop?.();
    }
    assert.deepEqual(asked, []);
  });
});
