import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMetrics, type Metrics, noMeter } from './metrics.ts';

/** One scrape of `metrics` over a real connection. */
async function scrape(metrics: Metrics): Promise<{ type: string; text: string }> {
  const server = createServer((request, response) => metrics.handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/`);
    return { type: response.headers.get('content-type') ?? '', text: await response.text() };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('metrics', () => {
  let metrics: Metrics;
  before(() => {
    metrics = createMetrics('parcelsvc');
  });
  after(() => metrics.close());

  it("are served in Prometheus' text format, with its version", async () => {
    metrics.meter.createCounter('things_total').add(2, { kind: 'a' });
    const { type, text } = await scrape(metrics);
    assert.match(type, /^text\/plain; version=0\.0\.4/);
    assert.match(text, /^things_total\{kind="a"\} 2$/m);
    assert.match(text, /^target_info\{service_name="parcelsvc"\} 1$/m);
  });

  it("hold the process's memory, uptime and event loop delay", async () => {
    const { text } = await scrape(metrics);
    assert.match(text, /^process_resident_memory_bytes \d{7,}$/m);
    assert.match(text, /^process_uptime_seconds \d/m);
    assert.match(text, /^nodejs_eventloop_delay_seconds\{quantile="0\.99"\} \d/m);
  });

  it('may be closed twice', async () => {
    const others = createMetrics('x');
    await others.close();
    await others.close();
  });

  it('cost nothing where the meter measures nothing', () => {
    noMeter.createCounter('x').add(1);
    noMeter.createHistogram('x').record(1);
  });
});
