import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { partsWatch } from './parts-watch.ts';

describe('the watch over the parts', () => {
  const answers = new Map<string, () => object>();
  let server: Server;
  let url: string;
  before(async () => {
    server = createServer((request, response) => {
      const answer = answers.get(request.url?.split('/')[1] ?? '');
      // One without an answer is as silent as a process that was stopped.
      if (answer !== undefined) response.end(JSON.stringify(answer()));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  it('tells how each is in its own words', async () => {
    answers.set('a', () => ({ status: 'ready' }));
    answers.set('b', () => ({ status: 'degraded', reasons: ['NATS is away'] }));
    answers.set('c', () => ({ status: 'not ready', reasons: ['the database is away'] }));
    const watch = partsWatch(['a', 'b', 'c'].map((name) => ({ name, url: `${url}/${name}` })));
    await watch.ask();
    assert.deepEqual(watch.parts(), [
      { name: 'a', state: 'ready', reasons: [] },
      { name: 'b', state: 'degraded', reasons: ['NATS is away'] },
      { name: 'c', state: 'not ready', reasons: ['the database is away'] },
    ]);
  });

  it('one that accepts and says nothing is silent since its last answer', async () => {
    answers.set('d', () => ({ status: 'ready' }));
    let clock = 0;
    const watch = partsWatch([{ name: 'd', url: `${url}/d` }], () => clock);
    await watch.ask();
    answers.delete('d');
    clock = 3_000;
    const began = performance.now();
    await watch.ask();
    assert.ok(performance.now() - began < 4_000, 'it is not waited for longer');
    assert.equal(watch.part('d')?.state, 'silent');
    assert.equal(watch.part('d')?.silent_s, 3);
    answers.set('d', () => ({ status: 'ready' }));
    await watch.ask();
    assert.equal(watch.part('d')?.silent_s, undefined);
  }).timeout(10_000);

  it('a service is silent only if each of its instances is', async () => {
    answers.set('e-2', () => ({ status: 'ready' }));
    const watch = partsWatch([
      { name: 'e', url: 'http://127.0.0.1:1' },
      { name: 'e-2', url: `${url}/e-2` },
    ]);
    await watch.ask();
    assert.equal(watch.part('e')?.name, 'e-2');
    assert.equal(watch.parts()[0]?.state, 'silent');
  });
});
