import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpanKind } from '@opentelemetry/api';
import { silentLogger } from '../../shared/kit/logger.ts';
import { Secret } from '../../shared/kit/process/secret.ts';
import { otlpProtocols } from '../../shared/kit/process/service-settings.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { type Collector, startCollector } from '../../stack/testing/otel-collector.ts';
import { testFolder } from '../../stack/testing.ts';
import { startTracing } from '../tracer.ts';

const TOKEN = 'let-me-in';

describe('spans by OTLP, to OpenTelemetry’s collector', function () {
  // The first time it is built.
  this.timeout(660_000);
  let collector: Collector;
  let folder: string;

  before(async function () {
    folder = await testFolder();
    let why = '';
    const started = await startCollector({
      folder,
      token: TOKEN,
      onProgress: (line) => {
        why = line;
      },
    });
    if (started !== undefined) collector = started;
    else {
      console.log(`      skipped: ${why}`);
      this.skip();
    }
  });
  after(() => collector?.stop());

  const start = (protocol: (typeof otlpProtocols)[number], headers: Secret) =>
    startTracing({
      serviceName: 'parcelsvc',
      exporter: 'otlp',
      endpoint: 'http://127.0.0.1:1/api/v2/spans',
      otlp: {
        protocol,
        endpoint: protocol === 'grpc' ? collector.grpcUrl : collector.httpUrl,
        headers,
        timeoutMs: 5_000,
      },
      sampler: 'parentbased_always_on',
      logger: silentLogger,
    });
  const found = (name: string) => collector.spans().find((span) => span.name === name);

  for (const protocol of otlpProtocols) {
    it(`arrive over ${protocol}, with their service, kind and tags`, async () => {
      const tracing = start(protocol, Secret.of(`authorization=Bearer%20${TOKEN}`));
      const name = `send over ${protocol}`;
      const span = tracing.tracer.startSpan(name, {
        kind: SpanKind.PRODUCER,
        attributes: { 'parcel.id': 'parcel-7' },
      });
      span.end();
      await tracing.stop();
      const seen = found(name);
      assert.equal(seen?.traceId, span.spanContext().traceId);
      assert.deepEqual(
        [seen.service, seen.kind, seen.attributes],
        ['parcelsvc', 4, { 'parcel.id': 'parcel-7' }],
      );
      assert.equal(tracing.dropped(), 0);
    });

    it(`are refused over ${protocol} without the header, and taken as soon as its file says it`, async () => {
      const file = join(folder, `headers-${otlpProtocols.indexOf(protocol)}`);
      writeFileSync(file, 'authorization=Bearer%20wrong');
      let now = 0;
      const tracing = start(
        protocol,
        Secret.inFile(file, () => now),
      );
      tracing.tracer.startSpan(`refused over ${protocol}`).end();
      await eventually('it is given up', async () => tracing.dropped() === 1);
      writeFileSync(file, `authorization=Bearer%20${TOKEN}`);
      now += 2_000;
      tracing.tracer.startSpan(`taken over ${protocol}`).end();
      await eventually('it is there', async () => found(`taken over ${protocol}`) !== undefined);
      await tracing.stop();
      assert.equal(tracing.dropped(), 1);
      assert.equal(found(`refused over ${protocol}`), undefined);
    });
  }

  it('are counted as lost where nobody takes them, and stop does not wait for that', async () => {
    const tracing = startTracing({
      serviceName: 'parcelsvc',
      exporter: 'otlp',
      endpoint: '',
      otlp: { protocol: 'http/protobuf', endpoint: 'http://127.0.0.1:1' },
      sampler: 'parentbased_always_on',
      logger: silentLogger,
    });
    tracing.tracer.startSpan('early').end();
    await tracing.stop();
    assert.equal(tracing.dropped(), 1);
  });
});
