import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get as get_ } from 'node:http';
import { connect } from 'node:net';
import { eventually } from '../../../testing/eventually.ts';
import { frameMetrics } from '../../metrics/frame-metrics.ts';
import { createMetrics, type Metrics } from '../../metrics/metrics.ts';
import { measureReadiness } from '../../process/readiness.ts';
import { adminServer } from './admin.ts';

describe('the admin server', () => {
  let reasons: string[] = [];
  let slow: string[] = [];
  let metrics: Metrics;
  let admin: ReturnType<typeof adminServer>;
  const get = (path: string, init?: RequestInit) =>
    fetch(`http://127.0.0.1:${admin.port()}${path}`, init);

  const readiness = { notReady: () => reasons, degraded: () => slow };

  before(async () => {
    metrics = createMetrics('parcelsvc');
    measureReadiness(metrics.meter, () => readiness);
    const also = {
      '/parcels': async (query: URLSearchParams) => ({ first: query.get('limit') }),
      '/lost': () => Promise.reject(new Error('the database is away')),
    };
    admin = adminServer({ host: '127.0.0.1', port: 0, ...readiness, metrics, also });
    await admin.start?.();
  });
  after(async () => {
    await admin.stop?.();
    await metrics.close();
  });

  it('answers beside any number of connections on which nothing is said', async () => {
    let closed = 0;
    const silent = Array.from({ length: 100 }, () =>
      connect(admin.port(), '127.0.0.1')
        .on('error', () => {})
        .on('close', () => closed++),
    );
    await eventually('those beyond the bound are closed', () => closed >= 36);
    assert.equal((await get('/healthz')).status, 200);
    for (const socket of silent) socket.destroy();
  });

  it('shows pages of the service, and says when one cannot be read', async () => {
    const shown = await get('/parcels?limit=3');
    assert.equal(shown.status, 200);
    assert.deepEqual(await shown.json(), { first: '3' });
    const lost = await get('/lost');
    assert.equal(lost.status, 503);
    assert.doesNotMatch(await lost.text(), /database/);
    assert.equal((await get('/toString')).status, 404);
  });

  it('answers no page that has its own name lead here', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      const asked = get_({ port: admin.port(), path, headers: { host: 'evil.example' } });
      const [answer] = await once(asked, 'response');
      answer.resume();
      assert.equal(answer.statusCode, 421, path);
    }
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

  it('says why accepted work does not get on, and is ready all the same', async () => {
    const figures = async () => {
      const text = await (await get('/metrics')).text();
      return ['service_ready', 'service_degraded'].map((name) =>
        Number(new RegExp(`^${name} (\\d)$`, 'm').exec(text)?.[1]),
      );
    };
    slow = ['relay: the stream is not ours'];
    const degraded = await get('/readyz');
    assert.equal(degraded.status, 200);
    assert.deepEqual(await degraded.json(), { status: 'degraded', reasons: slow });
    assert.deepEqual(await figures(), [1, 1]);
    reasons = ['database: away'];
    const not = await get('/readyz');
    assert.equal(not.status, 503);
    assert.deepEqual(await not.json(), { status: 'not ready', reasons: [...reasons, ...slow] });
    assert.deepEqual(await figures(), [0, 1]);
    reasons = [];
    slow = [];
    assert.deepEqual(await (await get('/readyz')).json(), { status: 'ready' });
    assert.deepEqual(await figures(), [1, 0]);
  });

  it('serves the metrics', async () => {
    metrics.meter.counter(frameMetrics.streamsReplaced).add(2, { kind: 'a' });
    const text = await (await get('/metrics?ignored=1')).text();
    assert.match(text, /^streams_replaced_total\{kind="a"\} 2$/m);
  });

  it('knows no other path and no other method', async () => {
    assert.equal((await get('/')).status, 404);
    const post = await get('/healthz', { method: 'POST' });
    assert.equal(post.status, 405);
    assert.equal(post.headers.get('allow'), 'GET, HEAD');
  });

  it('fails to start on a port that is taken', async () => {
    const port = admin.port();
    const second = adminServer({ host: '127.0.0.1', port, ...readiness, metrics });
    await assert.rejects(async () => second.start?.(), /EADDRINUSE/);
  });
});
