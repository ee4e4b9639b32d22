import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { trace } from '@opentelemetry/api';
import { recordingLogger } from '../../testing/recording.ts';
import { scraped } from '../../testing/scraped.ts';
import { background, withTelemetry } from '../context.ts';
import { frameMetrics } from './frame-metrics.ts';
import { counter, gauge, histogram } from './listing.ts';
import { noMeter } from './meter.ts';
import { createMetrics, type Metrics } from './metrics.ts';

const things = counter({ name: 'things.seen', unit: '{thing}', help: 'Things.', labels: ['kind'] });
const pairs = counter({
  name: 'pairs',
  unit: '{pair}',
  help: 'Pairs.',
  labels: ['kind', 'place'],
});
const plain = counter({ name: 'plain', unit: '{thing}', help: 'Things.' });
const depth = gauge({
  name: 'water.depth',
  unit: 's',
  help: 'A "depth"\\n.',
  labels: ['at.place'],
});
const took = histogram({
  name: 'thing.duration',
  unit: 's',
  help: 'How long.',
  labels: ['kind'],
  bounds: [0.5, 1],
});

const OPEN = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3';

/** A context in a trace. */
const traced = (traceFlags: number) => {
  const root = background();
  const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags };
  return withTelemetry(root, trace.setSpanContext(root.telemetry, span));
};

describe('metrics', () => {
  let metrics: Metrics;
  beforeEach(() => {
    metrics = createMetrics('parcelsvc', '1.2.3');
  });
  afterEach(() => metrics.close());

  it("are served in Prometheus' text format, with its version", async () => {
    metrics.meter.counter(things).add(2, { kind: 'a' });
    const server = createServer((request, response) => metrics.handle(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/`);
    server.closeAllConnections();
    server.close();
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    assert.match(
      await response.text(),
      /^# HELP things_seen_total Things\.\n# TYPE things_seen_total counter\nthings_seen_total\{kind="a"\} 2$/m,
    );
  });

  it('name the unit at the end, and escape what stands in help and labels', () => {
    metrics.meter.observe(depth, (tell) => tell(7, { 'at.place': 'a "b"\nc' }));
    assert.match(
      scraped(metrics),
      /^# HELP water_depth_seconds A "depth"\\\\n\.\n.*\nwater_depth_seconds\{at_place="a \\"b\\"\\nc"\} 7$/m,
    );
  });

  it('add up what falls into the buckets, and leave labels without a value out', () => {
    const durations = metrics.meter.histogram(took);
    for (const value of [0.1, 0.5, 0.7, 9]) durations.with({ kind: undefined }).record(value);
    const lines = scraped(metrics)
      .split('\n')
      .filter((line) => line.startsWith('thing_duration'));
    assert.deepEqual(lines, [
      'thing_duration_seconds_bucket{le="0.5"} 2',
      'thing_duration_seconds_bucket{le="1"} 3',
      'thing_duration_seconds_bucket{le="+Inf"} 4',
      'thing_duration_seconds_sum 10.3',
      'thing_duration_seconds_count 4',
    ]);
  });

  it('are OpenMetrics for who asks, with the trace of the last sampled value in each bucket', () => {
    const durations = metrics.meter.histogram(took).with({ kind: 'a' });
    durations.record(0.2, traced(1));
    durations.record(0.9, traced(0));
    const text = scraped(metrics, OPEN);
    assert.match(
      text,
      new RegExp(`le="0.5"\\} 1 # \\{trace_id="${'a'.repeat(32)}"\\} 0\\.2$`, 'm'),
    );
    assert.match(text, /le="1\.0"\} 2$/m);
    assert.match(text, /^# TYPE process_cpu_time_seconds counter\n# UNIT .* seconds$/m);
    assert.match(text, /# EOF\n$/);
    assert.doesNotMatch(scraped(metrics), /trace_id|EOF|UNIT/);
  });

  it('begin at 0 where they have no labels, and are one however often they are asked for', () => {
    metrics.meter.counter(plain);
    assert.match(scraped(metrics), /^plain_total 0$/m);
    metrics.meter.counter(plain).add(1);
    metrics.meter.counter(plain).add(1);
    assert.match(scraped(metrics), /^plain_total 2$/m);
  });

  it('show a series once, and none that is observed no more', () => {
    const told = () => scraped(metrics).match(/^water_depth_seconds.*$/gm);
    const { meter } = metrics;
    meter.observe(depth, (tell) => tell(1, { 'at.place': 'a' }));
    const end = meter.observe(depth, (tell) => tell(2, { 'at.place': 'a' }));
    assert.deepEqual(told(), ['water_depth_seconds{at_place="a"} 2']);
    end();
    assert.deepEqual(told(), ['water_depth_seconds{at_place="a"} 1']);
  });

  it('hold a bounded number of series: what is beyond is counted as one', () => {
    const seen = metrics.meter.counter(things);
    for (let n = 0; n < 2_100; n++) seen.add(1, { kind: `k${n}` });
    const lines = scraped(metrics).match(/^things_seen_total\{.*$/gm) ?? [];
    assert.equal(lines.length, 2_001);
    assert.equal(lines.at(-1), 'things_seen_total{kind="_OTHER"} 100');
  });

  it('keep that bound where a label of their own is _OTHER, and where they are observed', () => {
    const { meter } = metrics;
    const seen = meter.counter(pairs);
    for (let n = 0; n < 2_100; n++) seen.add(1, { kind: '_OTHER', place: `p${n}` });
    meter.observe(depth, (tell) => {
      for (let n = 0; n < 2_100; n++) tell(n, { 'at.place': `p${n}` });
    });
    const text = scraped(metrics);
    const lines = text.match(/^pairs_total\{.*$/gm) ?? [];
    assert.equal(lines.length, 2_001);
    assert.equal(lines.at(-1), 'pairs_total{kind="_OTHER",place="_OTHER"} 100');
    assert.equal(text.match(/^water_depth_seconds\{/gm)?.length, 2_000);
  });

  it('lack what cannot be read, and the log says so once', async () => {
    const { logger, lines } = recordingLogger();
    const logging = createMetrics('parcelsvc', '1.2.3', logger);
    logging.meter.observe(depth, (tell) => {
      tell(1, { 'at.place': 'a' });
      throw new Error('gone');
    });
    logging.meter.observe(depth, (tell) => tell(2, { 'at.place': 'b' }));
    for (let scrape = 0; scrape < 2; scrape++) {
      assert.deepEqual(scraped(logging).match(/^water_depth_seconds.*$/gm), [
        'water_depth_seconds{at_place="b"} 2',
      ]);
    }
    assert.deepEqual(
      lines.map(({ msg, metric }) => [msg, metric]),
      [['a metric cannot be read', 'water.depth']],
    );
    await logging.close();
  });

  it('write quotes and what is no number as each format asks', () => {
    metrics.meter.observe(depth, (tell) => tell(1, { 'at.place': 'a' }));
    metrics.meter.histogram(took).with({ kind: 'a' }).record(Number.POSITIVE_INFINITY, traced(1));
    const text = scraped(metrics, OPEN);
    assert.match(text, /^# HELP water_depth_seconds A \\"depth\\"\\\\n\.$/m);
    assert.match(text, /^thing_duration_seconds_bucket.* \+Inf$/m);
    assert.match(text, /^thing_duration_seconds_sum\{kind="a"\} \+Inf$/m);
  });

  it('hold what is running, and the process’s memory, time and event loop, which no scrape resets', () => {
    const text = scraped(metrics);
    assert.match(
      text,
      /^build_info\{service_name="parcelsvc",service_version="1\.2\.3",process_runtime_version="24.*"\} 1$/m,
    );
    assert.match(text, /^process_memory_usage_bytes \d{7,}$/m);
    assert.match(text, /^process_cpu_time_seconds_total\{cpu_mode="user"\} \d/m);
    assert.match(text, /^nodejs_eventloop_utilization_ratio [01]/m);
    const delay = () => /^nodejs_eventloop_delay_max_seconds (\S+)$/m.exec(scraped(metrics))?.[1];
    const end = performance.now() + 100;
    while (performance.now() < end);
    return new Promise<void>((resolve, reject) => {
      setTimeout(() => {
        const first = Number(delay());
        try {
          assert.ok(first > 0.01, `${first}`);
          assert.ok(Number(delay()) >= first);
          resolve();
        } catch (error) {
          reject(error);
        }
      }, 60);
    });
  });

  it('may be closed twice', async () => {
    await metrics.close();
    await metrics.close();
  });

  it('cost nothing where the meter measures nothing', () => {
    noMeter.counter(things).add(1, { kind: 'a' });
    noMeter.histogram(frameMetrics.batchItems).with({ batch: 'a' }).record(1);
    noMeter.observe(depth, () => assert.fail('it is read'))();
  });
});
