import assert from 'node:assert/strict';
import { sendRaw } from '../../../../testing/raw-http.ts';
import { type TokenIssuer, tokenIssuer } from '../../../../testing/token-issuer.ts';
import { silentLogger } from '../../../logger.ts';
import type { Principal } from '../../../principal.ts';
import { httpServer } from '../http-server.ts';
import { route } from '../route.ts';
import { type WhoCallsOptions, whoCalls } from './who-calls.ts';

describe('who calls over HTTP', () => {
  const servers: ReturnType<typeof httpServer>[] = [];
  let issuer: TokenIssuer;
  let heard: Principal | undefined;
  before(async () => {
    issuer = await tokenIssuer();
  });
  after(() => Promise.all(servers.map((server) => server.stop?.())));

  const thing = (open: boolean) =>
    route({
      method: 'POST',
      path: open ? '/open' : '/thing',
      open,
      decode: (http) => http.hasBody && http.body(),
      endpoint: async (ctx) => {
        heard = ctx.principal;
      },
      encode: () => ({ status: 204 }),
    });

  async function serving(options: Partial<WhoCallsOptions> = {}) {
    heard = undefined;
    const defaults = { tokens: issuer.tokens, trusting: false, trustedProxies: 0 };
    const server = httpServer({
      host: '127.0.0.1',
      port: 0,
      routes: [thing(false), thing(true)],
      logger: silentLogger,
      whoCalls: whoCalls({ ...defaults, ...options }),
    });
    servers.push(server);
    await server.start?.();
    return (path: string, headers: Record<string, string> = {}, body?: string) =>
      sendRaw(
        server.port(),
        [
          `POST ${path} HTTP/1.1`,
          'Connection: close',
          `Content-Length: ${body?.length ?? 0}`,
          ...Object.entries({ Host: 'localhost', ...headers }).map(
            ([name, text]) => `${name}: ${text}`,
          ),
          '',
          body ?? '',
        ].join('\r\n'),
      );
  }
  const bearer = async () => ({ Authorization: `Bearer ${await issuer.sign({ sub: 'ada' })}` });

  it('a stranger gets 401 before the body is read, and what is open to all', async () => {
    const ask = await serving();
    const refused = await ask('/thing', { 'Content-Type': 'application/json' }, '{"not json');
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer');
    assert.equal(heard, undefined);
    assert.equal((await ask('/open')).status, 204);
    assert.equal((heard as Principal | undefined)?.kind, 'stranger');
  });

  it('who shows a token is judged by it, where strangers are trusted, too', async () => {
    for (const trusting of [true, false]) {
      const ask = await serving({ trusting });
      assert.equal((await ask('/thing', await bearer())).status, 204);
      assert.deepEqual([heard?.kind, heard?.subject], ['known', 'ada']);
      for (const path of ['/thing', '/open']) {
        const bad = await ask(path, { Authorization: 'Bearer nonsense' });
        assert.equal(bad.status, 401);
        assert.match(bad.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
      }
    }
  });

  it('the scheme is Bearer, in any case of letters', async () => {
    const ask = await serving();
    const { Authorization } = await bearer();
    const lower = { Authorization: Authorization.replace('Bearer', 'bEARER') };
    assert.equal((await ask('/thing', lower)).status, 204);
    for (const text of [
      'Basic YTpi',
      'Bearer',
      'Bearer a b',
      'Bearer a,b',
      Authorization.slice(7),
    ]) {
      assert.equal((await ask('/thing', { Authorization: text })).status, 401, text);
    }
  });

  it('where strangers are trusted they are people of this machine', async () => {
    const ask = await serving({ trusting: true });
    assert.equal((await ask('/thing')).status, 204);
    assert.deepEqual([heard?.kind, heard?.share], ['local', 'address 127.0.0.1']);
  });

  it('a token where none is taken is refused, and not ignored', async () => {
    const ask = await serving({ trusting: true, tokens: undefined });
    assert.equal((await ask('/thing', await bearer())).status, 401);
    assert.equal((await ask('/thing')).status, 204);
  });

  it('a proxy on this machine may bring tokens under its own name, and nothing without them', async () => {
    const ask = await serving({ trusting: true });
    const named = { Host: 'api.example', Origin: 'https://shop.example' };
    assert.equal((await ask('/thing', { ...named, ...(await bearer()) })).status, 204);
    assert.equal((await ask('/thing', named)).status, 421);
  });

  it('strangers behind trusted proxies are told apart by what these saw', async () => {
    const ask = await serving({ trustedProxies: 1 });
    await ask('/open', { 'X-Forwarded-For': '6.6.6.6, 9.9.9.9' });
    assert.equal(heard?.share, 'address 9.9.9.9');
  });
});
