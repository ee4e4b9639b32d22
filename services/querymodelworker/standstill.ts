import type { Logger } from '../../shared/kit/logger.ts';

export interface StandstillOptions {
  /** Where the read model stands. */
  readonly checkpoint: () => Promise<bigint>;
  /** Position of the log's last event. */
  readonly head: () => Promise<bigint>;
  /** Where the reading stands, and since when it waits (`performance.now`); undefined while it works. */
  readonly waiting: () => { readonly position: bigint; readonly since: number } | undefined;
  /** Between two looks, in milliseconds. */
  readonly lookMs: number;
  /** The log may be ahead of a checkpoint that does not move for so long. */
  readonly stuckMs: number;
  /** Called once, with what was seen; no more looks follow. */
  readonly onFault: (why: string) => void;
  readonly logger: Logger;
}

/**
 * While nothing arrives, checks whether that is right. The stream cannot tell: it may
 * have lost its tail, or have been recreated from a restored log. Returns a function
 * that ends the watch.
 */
export function watchStandstill(options: StandstillOptions): () => void {
  const { lookMs, stuckMs, waiting, logger } = options;
  let busy = false;
  let ended = false;
  let seen: { readonly checkpoint: bigint; readonly since: number } | undefined;

  async function look(): Promise<void> {
    const before = waiting();
    if (before === undefined || performance.now() - before.since < lookMs) return;
    const checkpoint = await options.checkpoint();
    // Read last: the log never ends before what was projected from it.
    const head = await options.head();
    // A batch that came meanwhile answers the question.
    if (ended || waiting()?.since !== before.since) return;
    // While all is done, nothing stands still, however long that lasts.
    if (checkpoint === head || seen?.checkpoint !== checkpoint)
      seen = { checkpoint, since: performance.now() };
    const why = fault(before.position, checkpoint, head);
    if (why === undefined) return;
    end();
    options.onFault(why);
  }

  function fault(position: bigint, checkpoint: bigint, head: bigint): string | undefined {
    if (checkpoint > head) return `the read model is at ${checkpoint}, the log ends at ${head}`;
    if (checkpoint < position) return `the checkpoint was moved back to ${checkpoint}`;
    if (checkpoint === head || performance.now() - (seen?.since ?? 0) < stuckMs) return undefined;
    return `the log has ${head} events, but the read model is stuck at ${checkpoint}`;
  }

  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    void look()
      .catch((error) => logger.debug({ err: error }, 'the log or the read model could not be read'))
      .finally(() => {
        busy = false;
      });
  }, lookMs);
  function end(): void {
    ended = true;
    clearInterval(timer);
  }
  return end;
}
