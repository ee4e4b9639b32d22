import { mkdir, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { toolEnvironment } from '../child-environment.ts';
import { freePorts, LOOPBACK } from '../ports.ts';
import { SetupProblem } from '../problem.ts';
import { startProcess, untilReady } from '../process.ts';
import { installOnce, runTool, type ToolOptions, toolsDir } from '../tools.ts';

export interface CollectorOptions {
  /** Where its configuration lies. */
  readonly folder: string;
  /** What callers must show as `authorization: Bearer …`; default: nothing. */
  readonly token?: string;
  /** Told when it has to be built first, which takes minutes, and when it cannot be. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** OpenTelemetry's collector on loopback: a real receiver of its protocol. */
export interface Collector {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`, by protocol. */
  readonly grpcUrl: string;
  readonly httpUrl: string;
  /** What it took and passed on so far. */
  readonly spans: () => readonly CollectedSpan[];
  /** May be called twice. */
  readonly stop: () => Promise<void>;
}

/** A span as the collector writes it, in OTLP's JSON; what tests look at. */
export interface CollectedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, string>>;
}

const VERSION = '0.165.0';
const CONTRIB = '0.165.1';
const READY_MS = 20_000;

/** What it is built of: modules of one release. */
const MODULES = {
  receivers: [`go.opentelemetry.io/collector/receiver/otlpreceiver v${VERSION}`],
  exporters: [`go.opentelemetry.io/collector/exporter/otlphttpexporter v${VERSION}`],
  extensions: [
    `github.com/open-telemetry/opentelemetry-collector-contrib/extension/bearertokenauthextension v${CONTRIB}`,
  ],
};

/**
 * Starts a collector that takes spans by OTLP and hands them on to this process. Built from
 * its Go modules the first time; undefined, after one line that says so, where it cannot be.
 */
export async function startCollector(options: CollectorOptions): Promise<Collector | undefined> {
  const say = options.onProgress ?? (() => {});
  let command: string;
  try {
    command = await collectorBinary(say);
  } catch (error) {
    if (!(error instanceof SetupProblem)) throw error;
    say(`no OpenTelemetry collector: ${error.message} → ${error.remedy}`);
    return undefined;
  }
  const taken: CollectedSpan[] = [];
  const sink = await startSink((spans) => taken.push(...spans));
  const [grpc = 0, http = 0] = await freePorts(2);
  const configuration = join(options.folder, 'collector.json');
  await mkdir(options.folder, { recursive: true });
  await writeFile(configuration, JSON.stringify(configured(grpc, http, sink.url, options.token)));
  const server = await startProcess({
    name: 'OpenTelemetry collector',
    command,
    args: ['--config', configuration],
  });
  const stop = async () => {
    await server.stop();
    sink.server.close();
    sink.server.closeAllConnections();
  };
  const httpUrl = `http://${LOOPBACK}:${http}`;
  await untilReady(server, (signal) => isAnswering(httpUrl, signal), { stillMs: READY_MS }).catch(
    async (error) => {
      await stop();
      throw error;
    },
  );
  return { grpcUrl: `http://${LOOPBACK}:${grpc}`, httpUrl, spans: () => taken, stop };
}

function configured(grpc: number, http: number, sink: string, token: string | undefined) {
  const at = (port: number) => ({
    endpoint: `${LOOPBACK}:${port}`,
    ...(token !== undefined && { auth: { authenticator: 'bearertokenauth' } }),
  });
  return {
    ...(token !== undefined && { extensions: { bearertokenauth: { token } } }),
    receivers: { otlp: { protocols: { grpc: at(grpc), http: at(http) } } },
    exporters: {
      otlphttp: {
        endpoint: sink,
        encoding: 'json',
        compression: 'none',
        // Then a span that it has taken is here.
        sending_queue: { enabled: false },
      },
    },
    service: {
      ...(token !== undefined && { extensions: ['bearertokenauth'] }),
      pipelines: { traces: { receivers: ['otlp'], exporters: ['otlphttp'] } },
      telemetry: { metrics: { level: 'none' } },
    },
  };
}

/** OTLP's JSON, as much of it as is read. */
interface Batch {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes?: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

type WireSpan = Omit<CollectedSpan, 'service' | 'attributes'> & {
  readonly attributes?: readonly Attribute[];
};

async function startSink(
  take: (spans: readonly CollectedSpan[]) => void,
): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer(async (request, response) => {
    take(spansOf((await json(request)) as Batch));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, LOOPBACK, resolve);
  });
  return { url: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`, server };
}

function spansOf({ resourceSpans }: Batch): readonly CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = textsOf(resource.attributes)['service.name'] ?? '';
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(({ attributes, ...span }) => ({
        ...span,
        service,
        attributes: textsOf(attributes),
      })),
    );
  });
}

const textsOf = (attributes: readonly Attribute[] = []): Readonly<Record<string, string>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? '']));

/** It has no page for health; any answer will do. */
async function isAnswering(url: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(url, { signal });
  await response.body?.cancel();
  return true;
}

async function collectorBinary(say: (line: string) => void): Promise<string> {
  const target = join(toolsDir, `bin/otelcol-${VERSION}`);
  const there = (await stat(target).catch(() => undefined)) !== undefined;
  if (!there && !(await runTool('go', ['version'])).ok) {
    throw new SetupProblem('it is built with Go, which is not installed', 'install Go 1.26');
  }
  return installOnce({
    target,
    onStart: () => say(`building OpenTelemetry's collector ${VERSION}, which takes minutes`),
    install: build,
  });
}

/** The collector's own builder makes a program of the modules. */
async function build(folder: string, options: ToolOptions): Promise<string> {
  const recipe = join(folder, 'builder.json');
  const parts = Object.entries(MODULES).map(([kind, modules]) => [
    kind,
    modules.map((gomod) => ({ gomod })),
  ]);
  const dist = { name: 'otelcol', output_path: join(folder, 'dist') };
  await writeFile(recipe, JSON.stringify({ dist, ...Object.fromEntries(parts) }));
  const builder = `go.opentelemetry.io/collector/cmd/builder@v${VERSION}`;
  const built = await runTool('go', ['run', builder, '--config', recipe], {
    ...options,
    // A caller's GOFLAGS could name a vendor folder that we do not have.
    env: { ...toolEnvironment(), GOFLAGS: '-buildvcs=false' },
  });
  if (built.ok) return join(folder, 'dist/otelcol');
  throw new SetupProblem(
    `it could not be built (${built.reason})`,
    'check that Go reaches its module proxy',
  );
}
