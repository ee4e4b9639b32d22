import assert from 'node:assert/strict';
import { sendRaw } from '../../../../testing/raw-http.ts';
import { silentLogger } from '../../../logger.ts';
import { type HttpServerOptions, httpServer } from '../http-server.ts';
import { route } from '../route.ts';

const thing = route({
  method: 'POST',
  path: '/thing',
  decode: () => undefined,
  endpoint: async () => {
    served++;
  },
  encode: () => ({ status: 204 }),
});
let served = 0;

describe('what web pages send to a server on loopback', () => {
  const servers: ReturnType<typeof httpServer>[] = [];
  after(() => Promise.all(servers.map((server) => server.stop?.())));
  beforeEach(() => {
    served = 0;
  });

  async function listening(options: Partial<HttpServerOptions> = {}): Promise<number> {
    const rest = { host: '127.0.0.1', port: 0, routes: [thing], logger: silentLogger };
    const server = httpServer({ ...rest, ...options });
    servers.push(server);
    await server.start?.();
    return server.port();
  }

  const ask = (port: number, version: string, ...headers: string[]) =>
    sendRaw(
      port,
      [
        `POST /thing HTTP/${version}`,
        'Connection: close',
        'Content-Length: 0',
        ...headers,
        '',
        '',
      ].join('\r\n'),
    );

  type Row = readonly [headers: (port: number) => string[], status: number, code?: string];
  const OURS: readonly Row[] = [
    [(port) => [`Host: localhost:${port}`], 204],
    [(port) => [`Host: LocalHost:${port}`], 204],
    [(port) => [`Host: parcels.localhost:${port}`], 204],
    [(port) => [`Host: 127.0.0.1:${port}`], 204],
    [(port) => [`Host: 127.8.9.10:${port}`], 204],
    [(port) => [`Host: [::1]:${port}`], 204],
    [() => ['Host: localhost'], 204],
    [(port) => [`Host: localhost:${port}`, `Origin: http://localhost:${port}`], 204],
    [(port) => [`Host: localhost:${port}`, 'Sec-Fetch-Site: same-origin'], 204],
    [(port) => [`Host: localhost:${port}`, 'Sec-Fetch-Site: none'], 204],
  ];
  const FOREIGN: readonly Row[] = [
    [(port) => [`Host: evil.example:${port}`], 421, 'misdirected_request'],
    [() => ['Host: evil.example'], 421, 'misdirected_request'],
    [(port) => [`Host: localhost.evil.example:${port}`], 421, 'misdirected_request'],
    [(port) => [`Host: 127.0.0.1.evil.example:${port}`], 421, 'misdirected_request'],
    [(port) => [`Host: 192.168.0.1:${port}`], 421, 'misdirected_request'],
    [(port) => [`Host: 0.0.0.0:${port}`], 421, 'misdirected_request'],
    [(port) => [`Host: [::ffff:10.0.0.1]:${port}`], 421, 'misdirected_request'],
    [(port) => [`Host: localhost:${port + 1}`], 421, 'misdirected_request'],
    [
      (port) => [`Host: evil.example:${port}`, `Origin: http://evil.example:${port}`],
      421,
      'misdirected_request',
    ],
    [(port) => [`Host: localhost:${port}`, 'Origin: https://evil.example'], 403, 'foreign_origin'],
    [(port) => [`Host: localhost:${port}`, 'Origin: null'], 403, 'foreign_origin'],
    [
      (port) => [`Host: localhost:${port}`, `Origin: http://localhost:${port + 1}`],
      403,
      'foreign_origin',
    ],
    [
      (port) => [`Host: localhost:${port}`, `Origin: https://localhost:${port}`],
      403,
      'foreign_origin',
    ],
    [(port) => [`Host: localhost:${port}`, 'Sec-Fetch-Site: cross-site'], 403, 'foreign_origin'],
    [(port) => [`Host: localhost:${port}`, 'Sec-Fetch-Site: same-site'], 403, 'foreign_origin'],
  ];

  for (const [headers, status, code] of [...OURS, ...FOREIGN]) {
    it(`${headers(3000).join(', ')} is ${status}${code === undefined ? '' : `, and nothing is done`}`, async () => {
      const port = await listening();
      const answer = await ask(port, '1.1', ...headers(port));
      assert.equal(answer.status, status);
      assert.equal(served, code === undefined ? 1 : 0);
      if (code !== undefined) assert.equal(JSON.parse(answer.body).code, code);
      assert.equal(answer.headers.get('access-control-allow-origin'), undefined);
    });
  }

  it('nothing at all is shown under a foreign name, not even what is not there', async () => {
    const port = await listening();
    const answer = await sendRaw(port, 'GET /nothing HTTP/1.1\r\nHost: evil.example\r\n\r\n');
    assert.equal(answer.status, 421);
  });

  it('a name is no better the second time, and one of another server is not ours', async () => {
    const [port, other] = [await listening(), await listening()];
    const statusAt = async (host: string) => (await ask(port, '1.1', `Host: ${host}`)).status;
    assert.equal(await statusAt(`evil.example:${port}`), 421);
    assert.equal(await statusAt(`evil.example:${port}`), 421);
    assert.equal((await ask(other, '1.1', `Host: localhost:${other}`)).status, 204);
    assert.equal(await statusAt(`localhost:${other}`), 421);
    assert.equal(await statusAt(`localhost:${port}`), 204);
  });

  it('a program of HTTP/1.0 that names no host is served', async () => {
    assert.equal((await ask(await listening(), '1.0')).status, 204);
  });

  it('a server that other machines reach has a name of its own, and pages that it does not know', async () => {
    const port = await listening({ host: '0.0.0.0' });
    const headers = ['Host: api.example', 'Origin: https://shop.example'];
    assert.equal((await ask(port, '1.1', ...headers)).status, 204);
  });
});
