import { type Context, remaining } from '../context.ts';
import type { Middleware } from '../endpoint.ts';
import { CodedError, isMachineryFailure } from '../errors.ts';

export interface CircuitBreakerOptions {
  /** Consecutive failures that open the circuit. */
  readonly threshold: number;
  /** How long it stays open before one request may try, in milliseconds. */
  readonly halfOpenAfterMs: number;
  /** Whether a failure may pass if the endpoint gets a pause. Default: any technical failure. */
  readonly counts?: (error: unknown) => boolean;
  /** Milliseconds on a monotonic clock. Default: `performance.now()`. */
  readonly now?: () => number;
  /** Called when a circuit opens, and when it closes. */
  readonly onChange?: (open: boolean) => void;
}

/**
 * Stops calling an endpoint that keeps failing, so that callers hear of it at once and
 * the dependency can recover. After `halfOpenAfterMs` one request goes through as a
 * probe; its success closes the circuit. Only technical failures count, timeouts
 * included; a refusal is an answer and closes the circuit too. While the circuit is open,
 * and during a probe, other requests are refused with `circuit_open`. Each endpoint it
 * wraps has its own circuit. A caller that has already left is refused and is no probe;
 * the next one is.
 *
 * It does not use the machine's clock, which can be set.
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
        // A call that began before the circuit opened says nothing new.
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
 * An endpoint that a timeout aborts may report `cancelled`; the circuit counts that as a
 * failure.
 */
const judged = (ctx: Context, error: unknown): unknown =>
  ctx.signal.aborted && remaining(ctx, 1) === 0 ? outOfTime(error) : error;

/** An aborted probe proves nothing, and one that never settles must not hold the circuit. */
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
