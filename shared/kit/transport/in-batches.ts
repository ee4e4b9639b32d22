import { type Context, withSignal } from '../context.ts';

export interface BatchOptions {
  /** Most items in one batch. About twice as many wait in memory at most. */
  readonly most: number;
  /**
   * Shortest time from one batch to the next, in milliseconds, unless the next one is full.
   * Where items come more seldom than this, each goes at once.
   */
  readonly everyMs: number;
}

/**
 * The batches of `open`, such as a log that is followed, cut to size for a reader that does
 * more work for each batch than for each item: what comes while it works is its next batch.
 * Each item comes once, in order. While the reader is slow, no more is taken than `options`
 * allow. Ends and rejects as the source does; items that came before are yielded first,
 * unless `ctx.signal` is aborted. Leaving the loop ends the source, by the context that
 * `open` was given.
 */
export async function* inBatches<Item>(
  ctx: Context,
  open: (ctx: Context) => Promise<AsyncIterable<readonly Item[]>>,
  { most, everyMs }: BatchOptions,
): AsyncGenerator<readonly Item[], void, undefined> {
  const leaving = new AbortController();
  let waiting: Item[] = [];
  /** Says how the source ended: returns, or throws its error. */
  let ended: (() => void) | undefined;
  /** Resolved, and replaced, when either side has something to tell the other. */
  let news = Promise.withResolvers<void>();
  function tell(): void {
    news.resolve();
    news = Promise.withResolvers();
  }

  async function fill(): Promise<void> {
    for await (const items of await open(withSignal(ctx, leaving.signal))) {
      waiting.push(...items);
      tell();
      while (waiting.length >= most && !leaving.signal.aborted) await news.promise;
    }
  }

  const filling = fill()
    .then(
      () => () => undefined,
      (error) => () => {
        throw error;
      },
    )
    .then((end) => {
      ended = end;
      tell();
    });
  let next = Number.NEGATIVE_INFINITY;
  try {
    for (;;) {
      ctx.signal.throwIfAborted();
      const now = performance.now();
      if (waiting.length >= most || ended !== undefined || (waiting.length > 0 && now >= next)) {
        if (waiting.length === 0) return ended?.();
        next = now + everyMs;
        const batch = waiting.slice(0, most);
        waiting = waiting.slice(most);
        tell();
        yield batch;
      } else if (waiting.length === 0) await news.promise;
      else await orAfter(news.promise, next - now);
    }
  } finally {
    leaving.abort();
    tell();
    await filling;
  }
}

/** Resolves with `told`, or after `ms`. */
async function orAfter(told: Promise<void>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([told, promise]);
  clearTimeout(timer);
}
