import { type Context, remaining } from '../context.ts';
import type { Middleware } from '../endpoint.ts';
import { CodedError, isMachineryFailure } from '../errors.ts';

export interface CircuitBreakerOptions {
  /** Failures in a row, without a success between, that open the circuit. */
  readonly threshold: number;
  /** How long it stays open before one request may try, in milliseconds. */
  readonly halfOpenAfterMs: number;
  /**
   * Whether a failure shows trouble that may pass if the endpoint gets a pause. Default: any
   * technical failure.
   */
  readonly counts?: (error: unknown) => boolean;
  /** Milliseconds on a clock that only runs forward; that of `performance.now()` unless told. */
  readonly now?: () => number;
  /** Called when a circuit opens, and when it closes. */
  readonly onChange?: (open: boolean) => void;
}

/**
 * Stops calling an endpoint that fails again and again, so that callers hear so
 * at once and what is behind it can recover. After a while one request is let
 * through as a probe; its success closes the circuit. Only failures of the
 * machinery count, and running out of time is one; a refusal is an answer and
 * closes it too. While it is open, and beside a probe, requests are refused
 * with `circuit_open`. One circuit for each endpoint it wraps. A caller that is
 * gone already is not a probe: it is refused, and the next one tries.
 *
 * The clock of the machine may be set: it is not asked.
 */
export function circuitBreaker(options: CircuitBreakerOptions): Middleware {
  const {
    threshold,
    halfOpenAfterMs,
    now = () => performance.now(),
    counts = isMachineryFailure,
    onChange,
  } = options;
  return (next) => {
    let failures = 0;
    /** When it opened; undefined while it is closed. */
    let openedAt: number | undefined;
    let probing = false;

    function failed(error: unknown): void {
      if (counts(error)) {
        if (++failures >= threshold && openedAt === undefined) {
          openedAt = now();
          onChange?.(true);
        }
      } else {
        failures = 0;
      }
    }

    async function probe<T>(ctx: Context, work: () => Promise<T>): Promise<T> {
      probing = true;
      try {
        const answer = await heeding(ctx.signal, work);
        close();
        return answer;
      } catch (error) {
        if (counts(error)) openedAt = now();
        else close();
        throw error;
      } finally {
        probing = false;
      }
    }

    function close(): void {
      openedAt = undefined;
      failures = 0;
      onChange?.(false);
    }

    return async (ctx, request) => {
      if (openedAt !== undefined) {
        const waitMs = openedAt + halfOpenAfterMs - now();
        if (waitMs > 0 || probing || ctx.signal.aborted) throw refusal(waitMs);
        return probe(ctx, () => next(ctx, request));
      }
      try {
        const answer = await next(ctx, request);
        failures = 0;
        return answer;
      } catch (thrown) {
        const error = judged(ctx, thrown);
        // What began before it opened, and ends now, says nothing new.
        if (openedAt === undefined) failed(error);
        throw error;
      }
    };
  };
}

const refusal = (waitMs: number) =>
  new CodedError('unavailable', 'circuit_open', 'Not available at the moment.', {
    retryAfterMs: Math.max(1, waitMs),
  });

/**
 * An endpoint may report `cancelled` when it is aborted by a timeout; to the circuit that is
 * a failure.
 */
const judged = (ctx: Context, error: unknown): unknown =>
  ctx.signal.aborted && remaining(ctx, 1) === 0 ? outOfTime(error) : error;

/** A probe that is aborted, for whatever reason, proved nothing; and one that never settles must not hold the circuit. */
function heeding<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(outOfTime(signal.reason));
    signal.addEventListener('abort', abort, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

function outOfTime(cause: unknown): CodedError {
  return new CodedError('timeout', 'deadline_exceeded', 'No answer in time.', { cause });
}
