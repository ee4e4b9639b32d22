import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../../shared/kit/logger.ts';

/** A span exporter that counts what it lost, and can be told that time is short. */
export interface PatientExporter extends SpanExporter {
  /** Spans that were given up. */
  lost(): number;
  /** Counts spans that never got here as lost, and logs them like any loss. */
  lose(spans: number, reason: Error): void;
  /** From now on each batch gets one more attempt and no waiting. */
  hurry(): void;
}

/** The exporter of a protocol, which tries once. */
export interface Attempts {
  /** Who takes the spans, for the log: `Zipkin`. */
  readonly receiver: string;
  /** Its address without credentials: it is logged. */
  readonly endpoint: string;
  /** One attempt at a batch; calls back in any case, unless it hangs. */
  readonly exporter: Pick<SpanExporter, 'export'>;
  /** Whether the receiver has refused, and would again. */
  refused(failure: Error & { readonly code?: unknown }): boolean;
  /** Ends an attempt that hangs; without it the exporter does this itself. */
  cutOff?(): void;
  readonly logger: Logger;
  /** How long one attempt may take, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /**
   * How long a batch is kept for a receiver that does not answer, for example because it is
   * still starting.
   */
  readonly keepMs?: number | undefined;
}

export const exporterDefaults = { timeoutMs: 2000, keepMs: 30_000 };

/** Results of an export, as ExportResultCode has them. */
const exported = { code: 0 };
const failed = { code: 1 };

const REMIND_EVERY_MS = 600_000;
/** Losses are logged at most this often, if the receiver comes and goes. */
const COMPLAIN_EVERY_MS = 60_000;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 2000;

/**
 * Sends spans through an exporter of OpenTelemetry, some of which wait forever and try once.
 * This one gives every attempt a deadline, retries with backoff for `keepMs`, then drops the
 * batch and counts it. It logs when losing spans begins and when it ends, and a line every ten
 * minutes in between. It never throws and always calls back.
 */
export function patientExporter(attempts: Attempts): PatientExporter {
  const { receiver, endpoint, exporter, logger } = attempts;
  const { timeoutMs = exporterDefaults.timeoutMs, keepMs = exporterDefaults.keepMs } = attempts;
  const hurry = new AbortController();
  const delivering = new Set<Promise<boolean>>();
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
      `spans are lost: ${receiver} does not take them`,
    );
  }

  function taken(): void {
    if (!complaining) return;
    complaining = false;
    logger.info({ lost, endpoint }, `${receiver} takes spans again`);
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
      const final = !(failure instanceof NoAnswer) && attempts.refused(failure);
      if (hurry.signal.aborted || final || performance.now() + wait > giveUpAt) {
        lose(spans.length, failure);
        return false;
      }
      await sleep(wait, undefined, { signal: hurry.signal, ref: false }).catch(() => {});
    }
  }

  function send(spans: ReadableSpan[]): Promise<Error | undefined> {
    return new Promise((resolve) => {
      const deadline = setTimeout(() => {
        resolve(new NoAnswer(`no answer within ${timeoutMs} ms`));
        attempts.cutOff?.();
      }, timeoutMs).unref();
      exporter.export(spans, ({ code, error }) => {
        clearTimeout(deadline);
        resolve(code === exported.code ? undefined : (error ?? new Error('refused')));
      });
    });
  }

  return {
    export(spans, done) {
      const delivery = deliver(spans);
      delivering.add(delivery);
      void delivery.then((sent) => {
        delivering.delete(delivery);
        done(sent ? exported : failed);
      });
    },
    // The processor does not wait for a batch that is on its way, and the exporter could wait for ever.
    shutdown: async () => void (await Promise.all(delivering)),
    forceFlush: async () => void (await Promise.all(delivering)),
    lost: () => lost,
    lose,
    hurry: () => hurry.abort(),
  };
}

/** An attempt outlived its deadline. */
class NoAnswer extends Error {}
