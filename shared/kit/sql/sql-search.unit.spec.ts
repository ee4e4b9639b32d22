/** The search for a host, without a database: it ends when it is told to, and says what it met. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { sqlHosts } from './sql-hosts.ts';
import { NOWHERE, sqlSearch } from './sql-search.ts';

interface Failure extends Error {
  readonly code: string;
  readonly cause: { readonly code: string };
}

describe('the search for a host of a database', () => {
  const client = () => ({ host: ['one', 'another'], parameters: {} });

  async function listening() {
    const server = createServer((socket) => socket.on('error', () => {}));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    return { server, port };
  }

  it('reaches no host once it is ended, not even from the pause after a round', async () => {
    const { server, port } = await listening();
    const search = sqlSearch(sqlHosts([{ host: '127.0.0.1', port }], true));
    const first = await search.options.socket(client());
    const pausing = search.options.socket(client());
    search.end();
    const second = await pausing;
    const [error] = (await once(second, 'error').catch((error) => [error])) as [Failure];
    assert.equal(error.code, NOWHERE);
    first.destroy();
    server.close();
  });

  it('says of a host that refuses what it did, and not that it takes no writes', async () => {
    const { server, port } = await listening();
    server.close();
    await once(server, 'close');
    const search = sqlSearch(sqlHosts([{ host: '127.0.0.1', port }], true), 0);
    const socket = await search.options.socket(client());
    const [error] = (await once(socket, 'error').catch((error) => [error])) as [Failure];
    assert.equal(error.code, NOWHERE);
    assert.equal(error.cause.code, 'ECONNREFUSED');
    assert.match(error.message, /lets us in; of the last: connect ECONNREFUSED/);
  });
});
