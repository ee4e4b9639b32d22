import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { recordingMeter } from '../../../../testing/recording.ts';
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
  const post = (path: string) =>
    route({
      method: 'POST',
      path,
      admit,
      decode: (http) => http.body(),
      endpoint: async (_ctx, request) => request,
      encode: (body) => ({ status: 201, body }),
    });

  async function serve(options: Partial<HttpServerOptions> = {}): Promise<string> {
    const routes = [post('/parcels'), post('/parcels/:id')];
    const { host, ...more } = { host: '127.0.0.1', ...options };
    server = httpServer({ host, port: 0, routes, logger: silentLogger, ...more });
    await server.start?.();
    return `http://127.0.0.1:${server.port()}`;
  }

  const send = (address: string, headers: Record<string, string> = {}) =>
    fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{}',
    });

  it('has the answer that it has on the long way', async () => {
    const url = await serve();
    const answers = [];
    // A route with a parameter has the long way.
    for (const path of ['/parcels', '/parcels/7']) {
      const answer = await send(url + path);
      const { date: _, ...headers } = Object.fromEntries(answer.headers);
      answers.push({ status: answer.status, headers, body: await answer.json() });
    }
    const [short, long] = answers;
    assert.equal(short?.status, 503);
    assert.equal(short.headers['retry-after'], '2');
    assert.equal((short.body as ProblemDocument).code, 'full');
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
    assert.deepEqual(asked, []);
  });

  it('of a stranger is 401, and is no wish for a place', async () => {
    const url = await serve({ whoCalls: () => stranger('10.0.0.1') });
    assert.equal((await send(`${url}/parcels`)).status, 401);
    assert.deepEqual(asked, []);
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
