import { globalAgent as httpAgent } from 'node:http';
import { globalAgent as httpsAgent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../shared/kit/logger.ts';

export interface ExporterOptions {
  /** Zipkin's v2 address: `http://127.0.0.1:9411/api/v2/spans`. */
  readonly endpoint: string;
  readonly serviceName: string;
  readonly logger: Logger;
  /** How long one attempt may take, in milliseconds. */
  readonly timeoutMs?: number;
  /**
   * How long a batch is kept for a Zipkin that does not answer, for example because it is
   * still starting.
   */
  readonly keepMs?: number;
}

/** A span exporter that counts what it lost, and can be told that time is short. */
export interface PatientExporter extends SpanExporter {
  /** Spans that were given up. */
  lost(): number;
  /** Counts spans that never got here as lost, and logs them like any loss. */
  lose(spans: number, reason: Error): void;
  /** From now on each batch gets one more attempt and no waiting. */
  hurry(): void;
}

export const exporterDefaults = { timeoutMs: 2000, keepMs: 30_000 };

/** Results of an export, as ExportResultCode has them. */
const exported = { code: 0 };
const failed = { code: 1 };

const REMIND_EVERY_MS = 600_000;
/** Losses are logged at most this often, if Zipkin comes and goes. */
const COMPLAIN_EVERY_MS = 60_000;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 2000;

/**
 * Sends spans through OpenTelemetry's Zipkin exporter, which waits forever and tries
 * once. This one gives every attempt a deadline, retries with backoff for `keepMs`, then
 * drops the batch and counts it. It logs when losing spans begins and when it ends, and a
 * line every ten minutes in between. It never throws and always calls back.
 */
export function zipkinExporter(given: ExporterOptions): PatientExporter {
  const { endpoint, serviceName, logger, timeoutMs, keepMs } = { ...exporterDefaults, ...given };
  const inner = new ZipkinExporter({ url: endpoint, serviceName });
  const hurry = new AbortController();
  let lost = 0;
  let complainedAt = Number.NEGATIVE_INFINITY;
  let complaining = false;

  function lose(spans: number, err: Error): void {
    lost += spans;
    const now = performance.now();
    if (now - complainedAt < (complaining ? REMIND_EVERY_MS : COMPLAIN_EVERY_MS)) return;
    complainedAt = now;
    complaining = true;
    logger.warn(
      { lost, endpoint, reason: err.message },
      'spans are lost: Zipkin does not take them',
    );
  }

  function taken(): void {
    if (!complaining) return;
    complaining = false;
    logger.info({ lost, endpoint }, 'Zipkin takes spans again');
  }

  async function deliver(spans: ReadableSpan[]): Promise<boolean> {
    const giveUpAt = performance.now() + keepMs;
    for (let attempt = 0; ; attempt++) {
      const failure = await send(spans);
      if (failure === undefined) {
        taken();
        return true;
      }
      const wait =
        Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
      if (hurry.signal.aborted || isAnswer(failure) || performance.now() + wait > giveUpAt) {
        lose(spans.length, failure);
        return false;
      }
      await sleep(wait, undefined, { signal: hurry.signal, ref: false }).catch(() => {});
    }
  }

  function send(spans: ReadableSpan[]): Promise<NodeJS.ErrnoException | undefined> {
    return new Promise((resolve) => {
      const deadline = setTimeout(() => {
        const message = `no answer within ${timeoutMs} ms`;
        resolve(Object.assign(new Error(message), { code: 'ETIMEDOUT' }));
        cutOff(new URL(endpoint));
      }, timeoutMs).unref();
      inner.export(spans, ({ code, error }) => {
        clearTimeout(deadline);
        resolve(code === exported.code ? undefined : (error ?? new Error('refused')));
      });
    });
  }

  return {
    export: (spans, done) => void deliver(spans).then((sent) => done(sent ? exported : failed)),
    // The processor has waited for every batch by then, and `inner` could wait for ever.
    shutdown: async () => {},
    forceFlush: async () => {},
    lost: () => lost,
    lose,
    hurry: () => hurry.abort(),
  };
}

/** Zipkin answered with a refusal, and would again. A network failure has a system's code. */
function isAnswer(failure: NodeJS.ErrnoException): boolean {
  return failure.code === undefined;
}

/**
 * Ends hanging requests. The exporter gives us no request to abort, but it sends through
 * Node's global agents, and nobody else talks to Zipkin.
 */
function cutOff(endpoint: URL): void {
  const secure = endpoint.protocol === 'https:';
  const origin = `${endpoint.hostname}:${endpoint.port || (secure ? 443 : 80)}:`;
  const { sockets } = secure ? httpsAgent : httpAgent;
  for (const [name, open = []] of Object.entries(sockets)) {
    if (name.startsWith(origin)) for (const socket of open) socket.destroy();
  }
}
