import { globalAgent as httpAgent } from 'node:http';
import { globalAgent as httpsAgent } from 'node:https';
import { prepareSend, ZipkinExporter } from '@opentelemetry/exporter-zipkin';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Secret } from '../../shared/kit/process/secret.ts';
import { headersIn, withoutLogin } from './credentials.ts';
import { type PatientExporter, patientExporter } from './patient-exporter.ts';
import { withRemoteEndpoint } from './remote-endpoint.ts';

export interface ZipkinOptions {
  /** Zipkin's v2 address: `http://127.0.0.1:9411/api/v2/spans`. Its user and password become a header. */
  readonly endpoint: string;
  /** Further headers, as {@link headersIn} reads them; read again for each batch. */
  readonly headers?: Secret | undefined;
  readonly serviceName: string;
  readonly logger: Logger;
  /** As in `patientExporter`. */
  readonly timeoutMs?: number;
  readonly keepMs?: number;
}

/** Sends spans to Zipkin, through OpenTelemetry's exporter. */
export function zipkinExporter(given: ZipkinOptions): PatientExporter {
  const { serviceName, logger, timeoutMs, keepMs } = given;
  const { url: endpoint, headers } = withoutLogin(given.endpoint);
  const exporter = new ZipkinExporter({ url: endpoint, serviceName });
  // It has no place for the remote endpoint, without which Zipkin sees no edge at a broker.
  const send: ReturnType<typeof prepareSend> = (spans, done) => {
    const now = { ...headers, ...headersIn(given.headers?.reveal() ?? '') };
    return prepareSend(endpoint, now)(spans.map(withRemoteEndpoint), done);
  };
  Object.assign(exporter, { _send: send });
  return patientExporter({
    receiver: 'Zipkin',
    endpoint,
    exporter,
    refused: isAnswer,
    cutOff: () => cutOff(new URL(endpoint)),
    logger,
    timeoutMs,
    keepMs,
  });
}

/** Zipkin answered with a refusal, and would again. A network failure has a system's code. */
function isAnswer(failure: NodeJS.ErrnoException): boolean {
  return failure.code === undefined;
}

/**
 * Ends hanging requests. The exporter gives us no request to abort, but it sends through
 * Node's global agents, and nobody else talks to Zipkin but other services of this process,
 * for which it hangs as well: they send again.
 */
function cutOff(endpoint: URL): void {
  const secure = endpoint.protocol === 'https:';
  const origin = `${endpoint.hostname}:${endpoint.port || (secure ? 443 : 80)}:`;
  const { sockets } = secure ? httpsAgent : httpAgent;
  for (const [name, open = []] of Object.entries(sockets)) {
    if (name.startsWith(origin)) for (const socket of open) socket.destroy();
  }
}
