import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSpanContextValid, TraceFlags, trace } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import pino from 'pino';
import { silentLogger } from '../shared/kit/logger.ts';
import { Secret } from '../shared/kit/process/secret.ts';
import { eventually } from '../shared/testing/eventually.ts';
import type { ZipkinSpan } from '../shared/testing/zipkin/spans.ts';
import { boundedProcessor } from './export/processor.ts';
import { zipkinExporter } from './export/zipkin-exporter.ts';
import { PEER } from './span.ts';
import { startTracing } from './tracer.ts';

type Behaviour = 'takes' | 'refuses' | 'hangs';

/** Something that listens where Zipkin would. */
async function fakeZipkin(first: Behaviour = 'takes') {
  const received: ZipkinSpan[] = [];
  const state = { behaviour: first, requests: 0, authorization: '' };
  const hanging: ServerResponse[] = [];
  const server: Server = createServer(async (req, res) => {
    state.requests++;
    state.authorization = req.headers.authorization ?? '';
    if (state.behaviour === 'hangs') return void hanging.push(res);
    const body = await req.setEncoding('utf8').toArray();
    if (state.behaviour === 'takes') received.push(...(JSON.parse(body.join('')) as ZipkinSpan[]));
    res.writeHead(state.behaviour === 'takes' ? 202 : 400).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    received,
    state,
    endpoint: `http://127.0.0.1:${port}/api/v2/spans`,
    connections: () =>
      new Promise<number>((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    /** Answers what hangs. */
    release: () => {
      for (const res of hanging.splice(0)) res.writeHead(202).end();
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function until(what: string, check: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!check()) {
    assert.ok(Date.now() < deadline, `${what}: not within five seconds`);
    await sleep(5);
  }
}

function countingLogger() {
  const lines: string[] = [];
  return { lines, logger: pino({ level: 'debug' }, { write: (line) => lines.push(line) }) };
}

describe('startTracing', () => {
  let zipkin: Awaited<ReturnType<typeof fakeZipkin>>;
  afterEach(() => zipkin.close());

  const start = (exporter: 'zipkin' | 'none' = 'zipkin') =>
    startTracing({
      serviceName: 'parcelsvc',
      exporter,
      endpoint: zipkin.endpoint,
      sampler: 'parentbased_always_on',
      logger: silentLogger,
    });

  it('a span is sent to Zipkin by itself, under the service, with no tags but its own', async () => {
    zipkin = await fakeZipkin();
    const tracing = start();
    tracing.tracer.startSpan('place', { attributes: { 'parcel.id': 'parcel-7' } }).end();
    await until('the span', () => zipkin.received.length === 1);
    const [span] = zipkin.received;
    assert.equal(span?.localEndpoint?.serviceName, 'parcelsvc');
    assert.deepEqual(span?.tags, { 'parcel.id': 'parcel-7', 'service.name': 'parcelsvc' });
    await tracing.stop();
  });

  it('a span that names the program at its other end has that as its remote endpoint', async () => {
    zipkin = await fakeZipkin();
    const tracing = start();
    tracing.tracer.startSpan('send', { attributes: { [PEER]: 'nats' } }).end();
    tracing.tracer.startSpan('alone').end();
    await tracing.stop();
    const remote = zipkin.received.map(({ name, remoteEndpoint }) => [name, remoteEndpoint]);
    assert.deepEqual(Object.fromEntries(remote), {
      send: { serviceName: 'nats' },
      alone: undefined,
    });
  });

  it('leaves nothing behind in the globals, so two in one process do not meet', async () => {
    zipkin = await fakeZipkin();
    const [one, two] = [start(), start()];
    assert.equal(trace.getTracer('x').startSpan('x').isRecording(), false);
    one.tracer.startSpan('one').end();
    two.tracer.startSpan('two').end();
    await Promise.all([one.stop(), two.stop()]);
    assert.deepEqual(zipkin.received.map((span) => span.name).sort(), ['one', 'two']);
  });

  it('stop sends what waits, and a second stop is harmless', async () => {
    zipkin = await fakeZipkin();
    const tracing = start();
    for (let i = 0; i < 2000; i++) tracing.tracer.startSpan('work').end();
    await Promise.all([tracing.stop(), tracing.stop()]);
    assert.equal(zipkin.received.length, 2000);
    assert.equal(tracing.dropped(), 0);
  });

  it('stop waits for a batch that is on its way, which is not lost', async () => {
    zipkin = await fakeZipkin('hangs');
    const tracing = start();
    tracing.tracer.startSpan('work').end();
    await until('it is on its way', () => zipkin.state.requests === 1);
    const stopping = tracing.stop();
    zipkin.release();
    await stopping;
    assert.equal(tracing.dropped(), 0);
  });

  it('without an exporter spans have their ids and none is sent', async () => {
    zipkin = await fakeZipkin();
    const tracing = start('none');
    const span = tracing.tracer.startSpan('work');
    span.end();
    await tracing.stop();
    assert.ok(isSpanContextValid(span.spanContext()));
    assert.equal(span.spanContext().traceFlags, TraceFlags.SAMPLED);
    assert.equal(zipkin.state.requests, 0);
    assert.equal(tracing.dropped(), 0);
  });

  it('stop ends in time though Zipkin hangs, and counts what was lost', async () => {
    zipkin = await fakeZipkin('hangs');
    const tracing = start();
    tracing.tracer.startSpan('work').end();
    await tracing.stop();
    assert.equal(tracing.dropped(), 1);
    // It would ask for half a minute.
  }).timeout(20_000);
});

describe('a protected Zipkin', () => {
  let zipkin: Awaited<ReturnType<typeof fakeZipkin>>;
  afterEach(() => zipkin.close());

  const sent = async (options: Parameters<typeof zipkinExporter>[0]) => {
    const processor = boundedProcessor(zipkinExporter(options), 10);
    const provider = new TracerProvider({ spanProcessors: [processor] });
    provider.getTracer('test').startSpan('work').end();
    // It rejects where Zipkin refuses.
    await processor.forceFlush().catch(() => {});
    return zipkin.state.authorization;
  };

  it('is told the user and the password of its address, which no line shows', async () => {
    zipkin = await fakeZipkin('refuses');
    const { lines, logger } = countingLogger();
    const endpoint = zipkin.endpoint.replace('//', '//me:hush@');
    assert.equal(await sent({ endpoint, serviceName: 'test', logger }), `Basic ${btoa('me:hush')}`);
    assert.ok(lines.length > 0);
    assert.doesNotMatch(lines.join(''), /hush/);
  });

  it('is told the headers that are set at that moment', async () => {
    zipkin = await fakeZipkin();
    const file = join(mkdtempSync(join(tmpdir(), 'headers-')), 'headers');
    writeFileSync(file, 'authorization=Bearer%20first');
    let now = 0;
    const headers = Secret.inFile(file, () => now);
    const { endpoint } = zipkin;
    const options = { endpoint, headers, serviceName: 'test', logger: silentLogger };
    assert.equal(await sent(options), 'Bearer first');
    writeFileSync(file, 'authorization=Bearer%20second');
    now += 2_000;
    assert.equal(await sent(options), 'Bearer second');
  });
});

describe('boundedProcessor', () => {
  let zipkin: Awaited<ReturnType<typeof fakeZipkin>>;
  afterEach(() => zipkin.close());

  const pipeline = (
    options: { timeoutMs?: number; keepMs?: number; logger?: pino.Logger } = {},
  ) => {
    const { endpoint } = zipkin;
    const exporter = zipkinExporter({
      endpoint,
      serviceName: 'test',
      logger: silentLogger,
      ...options,
    });
    return { exporter, processor: boundedProcessor(exporter, 600) };
  };

  /** Ends `count` sampled spans. */
  const end = (processor: ReturnType<typeof boundedProcessor>, count: number) => {
    const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
    for (let i = 0; i < count; i++) tracer.startSpan('work').end();
  };

  it('holds a bounded number of spans and counts the rest', async () => {
    zipkin = await fakeZipkin('hangs');
    const { exporter, processor } = pipeline({ timeoutMs: 50, keepMs: 0 });
    end(processor, 1000);
    assert.equal(processor.pending(), 600);
    assert.equal(exporter.lost(), 400);
    await until('all are given up', () => exporter.lost() === 1000);
    assert.equal(processor.pending(), 0);
  });

  it('leaves no connection open on which a Zipkin that hangs was asked', async () => {
    zipkin = await fakeZipkin('hangs');
    const { exporter, processor } = pipeline({ timeoutMs: 50, keepMs: 0 });
    for (let n = 1; n <= 3; n++) {
      end(processor, 1);
      await until('it is given up', () => exporter.lost() === n);
    }
    assert.equal(zipkin.state.requests, 3);
    await eventually('they are gone', async () => (await zipkin.connections()) === 0);
  });

  it('keeps spans for a Zipkin that is away for a moment', async () => {
    zipkin = await fakeZipkin('hangs');
    const { exporter, processor } = pipeline({ timeoutMs: 50, keepMs: 10_000 });
    end(processor, 10);
    await until('it has tried', () => zipkin.state.requests > 0);
    zipkin.state.behaviour = 'takes';
    await until('it has tried again', () => zipkin.received.length === 10);
    assert.equal(exporter.lost(), 0);
  });

  it('does not ask again what was refused', async () => {
    zipkin = await fakeZipkin('refuses');
    const { exporter, processor } = pipeline();
    end(processor, 10);
    await until('they are given up', () => exporter.lost() === 10);
    assert.equal(zipkin.state.requests, 1);
  });

  it('says when spans begin to be lost and when that ends, and every ten minutes in between', async () => {
    zipkin = await fakeZipkin('refuses');
    const { lines, logger } = countingLogger();
    const { exporter, processor } = pipeline({ logger });
    const told = () => lines.splice(0).map((line) => JSON.parse(line).msg);
    const [lost, again] = ['spans are lost: Zipkin does not take them', 'Zipkin takes spans again'];
    const lose = async (spans: number) => {
      const before = exporter.lost();
      zipkin.state.behaviour = 'refuses';
      end(processor, spans);
      await until('they are given up', () => exporter.lost() === before + spans);
    };
    const deliver = async () => {
      const before = zipkin.received.length;
      zipkin.state.behaviour = 'takes';
      end(processor, 1);
      await until(
        'it is taken',
        () => zipkin.received.length > before && processor.pending() === 0,
      );
    };
    const minute = 60_000;
    const asIs = performance.now.bind(performance);
    let ahead = 0;
    const clock = mock.method(performance, 'now', () => asIs() + ahead);
    const pass = (ms: number) => {
      ahead += ms;
    };
    try {
      await deliver();
      assert.deepEqual(told(), [], 'nothing was lost');
      await lose(2000);
      assert.deepEqual(told(), [lost]);
      pass(9 * minute);
      await lose(1);
      assert.deepEqual(told(), []);
      pass(minute);
      await lose(1);
      assert.deepEqual(told(), [lost]);
      await deliver();
      await deliver();
      assert.deepEqual(told(), [again]);
      await lose(1);
      await deliver();
      assert.deepEqual(told(), [], 'what comes and goes within a minute');
      pass(minute);
      await lose(1);
      assert.deepEqual(told(), [lost]);
    } finally {
      clock.mock.restore();
    }
  }).timeout(10_000);
});
