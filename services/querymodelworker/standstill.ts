import type { Logger } from '../../shared/kit/logger.ts';

export interface StandstillOptions {
  /** The read model's checkpoint. */
  readonly checkpoint: () => Promise<bigint>;
  /** Position of the log's last event. */
  readonly head: () => Promise<bigint>;
  /** The reader's position, and since when it waits (`performance.now()`); undefined while it works. */
  readonly waiting: () => { readonly position: bigint; readonly since: number } | undefined;
  /** Between checks, in milliseconds. */
  readonly lookMs: number;
  /** How long the checkpoint may stay behind the log without moving, in milliseconds. */
  readonly stuckMs: number;
  /** Called once, with the finding; then the checks end. */
  readonly onFault: (why: string) => void;
  readonly logger: Logger;
}

/**
 * While nothing arrives, checks whether that is right. The reading cannot tell: it may hang
 * somewhere, or the log may have been restored to an older state. Returns a function that
 * ends the checks.
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
    // Read last: the log never ends before events that were projected from it.
    const head = await options.head();
    // A batch has arrived meanwhile: all is well.
    if (ended || waiting()?.since !== before.since) return;
    // With everything projected nothing is stuck, however long that lasts.
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
