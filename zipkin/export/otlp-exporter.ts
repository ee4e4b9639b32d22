import { Metadata } from '@grpc/grpc-js';
import { OTLPTraceExporter as OverGrpc } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as AsJson } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as AsProtobuf } from '@opentelemetry/exporter-trace-otlp-proto';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Secret } from '../../shared/kit/process/secret.ts';
import type { OtlpProtocol } from '../../shared/kit/process/service-settings.ts';
import { type Headers, headersIn, withoutLogin } from './credentials.ts';
import { type PatientExporter, patientExporter } from './patient-exporter.ts';

export interface OtlpOptions {
  readonly protocol: OtlpProtocol;
  /**
   * The receiver's address, to which HTTP adds `/v1/traces`; default: loopback, on the
   * protocol's port. Its user and password become a header.
   */
  readonly endpoint: string | undefined;
  /** Further headers, as {@link headersIn} reads them; read again for each batch. */
  readonly headers?: Secret | undefined;
  readonly logger: Logger;
  /** As in `patientExporter`. */
  readonly timeoutMs?: number;
  readonly keepMs?: number;
}

/** Sends spans to any receiver of OpenTelemetry's protocol, through OpenTelemetry's exporters. */
export function otlpExporter(given: OtlpOptions): PatientExporter {
  const { protocol, logger, timeoutMs = 10_000, keepMs } = given;
  const port = protocol === 'grpc' ? 4317 : 4318;
  const { url, headers } = withoutLogin(given.endpoint ?? `http://127.0.0.1:${port}`);
  const endpoint = protocol === 'grpc' ? url : `${url.replace(/\/$/, '')}/v1/traces`;
  const headersNow = () => ({ ...headers, ...headersIn(given.headers?.reveal() ?? '') });
  // What these packages still read of the environment themselves is compression and certificates.
  const common = { url: endpoint, timeoutMillis: timeoutMs };
  const overHttp = { ...common, headers: async () => headersNow() };
  const exporter = {
    grpc: () => overGrpc(common, headersNow),
    'http/json': () => new AsJson(overHttp),
    'http/protobuf': () => new AsProtobuf(overHttp),
  }[protocol]();
  return patientExporter({
    receiver: 'the OTLP receiver',
    endpoint,
    exporter,
    refused: protocol === 'grpc' ? refusedGrpc : refusedHttp,
    logger,
    timeoutMs,
    keepMs,
  });
}

/** It takes the headers of its first call for all, so that other headers need another one. */
function overGrpc(
  common: { readonly url: string; readonly timeoutMillis: number },
  headersNow: () => Headers,
): Pick<SpanExporter, 'export'> {
  let current: { readonly said: string; readonly exporter: OverGrpc } | undefined;
  return {
    export(spans, done) {
      const headers = headersNow();
      const said = JSON.stringify(headers);
      if (current?.said !== said) {
        void current?.exporter.shutdown();
        const metadata = new Metadata();
        for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
        current = { said, exporter: new OverGrpc({ ...common, metadata }) };
      }
      current.exporter.export(spans, done);
    },
  };
}

type Failure = Error & { readonly code?: unknown };

/** The exporters have tried what may be tried again; what is left has the answer's number. */
const refusedHttp = (failure: Failure): boolean => typeof failure.code === 'number';

/** By the protocol's specification these may be tried again: cancelled, late, exhausted, aborted, out of range, away, lost. */
const PASSING = [1, 4, 8, 10, 11, 14, 15];

const refusedGrpc = ({ code }: Failure): boolean =>
  typeof code === 'number' && !PASSING.includes(code);
