import assert from 'node:assert/strict';
import { adminServer } from './admin.ts';
import { createMetrics, type Metrics } from './metrics.ts';

describe('the admin server', () => {
  let reasons: string[] = [];
  let metrics: Metrics;
  let admin: ReturnType<typeof adminServer>;
  const get = (path: string, init?: RequestInit) =>
    fetch(`http://127.0.0.1:${admin.port()}${path}`, init);

  before(async () => {
    metrics = createMetrics('ordersvc');
    admin = adminServer({ host: '127.0.0.1', port: 0, notReady: () => reasons, metrics });
    await admin.start?.();
  });
  after(async () => {
    await admin.stop?.();
    await metrics.close();
  });

  it('says that the process lives, also while it is not ready', async () => {
    reasons = ['database: away'];
    assert.equal((await get('/healthz')).status, 200);
  });

  it('says why the process is not ready, and that it is once it is', async () => {
    reasons = ['database: away', 'nats: reconnecting'];
    const not = await get('/readyz');
    assert.equal(not.status, 503);
    assert.deepEqual(await not.json(), { status: 'not ready', reasons });
    reasons = [];
    assert.equal((await get('/readyz')).status, 200);
  });

  it('serves the metrics', async () => {
    metrics.meter.createCounter('things_total').add(2);
    assert.match(await (await get('/metrics?ignored=1')).text(), /^things_total 2$/m);
  });

  it('knows no other path and no other method', async () => {
    assert.equal((await get('/')).status, 404);
    const post = await get('/healthz', { method: 'POST' });
    assert.equal(post.status, 405);
    assert.equal(post.headers.get('allow'), 'GET, HEAD');
  });

  it('fails to start on a port that is taken', async () => {
    const port = admin.port();
    const second = adminServer({ host: '127.0.0.1', port, notReady: () => [], metrics });
    await assert.rejects(async () => second.start?.(), /EADDRINUSE/);
  });
});
