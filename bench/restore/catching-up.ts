/** How the copies of the log fill from it. */
import { setTimeout as delay } from 'node:timers/promises';
import { withSources } from '../../cli/audit/connect.ts';
import type { Progress } from '../../cli/progress.ts';
import { durables } from '../../shared/contracts/subjects.ts';
import { background, withSignal } from '../../shared/kit/context.ts';
import { booksOf } from '../../stack/books.ts';
import type { Stack } from '../../stack/stack.ts';

/** Seconds from the start of the services until each had the whole log; undefined: it never had. */
export type CaughtUp = Readonly<Record<Follower, number | undefined>>;

const followers = ['stream', 'read model', 'coordinator'] as const;
export type Follower = (typeof followers)[number];

const LOOK_MS = 500;
/** Nothing has moved for so long: waiting is useless. */
const PATIENCE_MS = 300_000;

/**
 * Resolves when all have the log up to its head, or none moves any more. `begunAt` is of
 * `performance.now()`.
 */
export function caughtUp(
  stack: Stack,
  begunAt: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<CaughtUp> {
  const ctx = withSignal(background(), signal);
  return withSources(booksOf(stack), async ({ log, published, readModel, places }) => {
    const head = await log.head(ctx);
    const after: Partial<Record<Follower, number>> = {};
    const positions: Record<Follower, () => Promise<bigint>> = {
      stream: () => published.last(),
      'read model': () => readModel.checkpoint(ctx),
      coordinator: () => places.doneBy(ctx, durables.saga),
    };
    let movedAt = performance.now();
    let last = '';
    for (;;) {
      const at = { stream: 0n, 'read model': 0n, coordinator: 0n };
      for (const follower of followers) {
        // A busy system may not answer in time; then it is asked again.
        at[follower] = await positions[follower]().catch(() => 0n);
        if (at[follower] < head) continue;
        after[follower] ??= (performance.now() - begunAt) / 1_000;
      }
      signal.throwIfAborted();
      const standing = Object.values(at).join(' ');
      if (standing !== last) movedAt = performance.now();
      last = standing;
      const [slowest] = followers.toSorted((a, b) => Number(at[a] - at[b]));
      progress.report(`${slowest}, the slowest`, Number(at[slowest ?? 'stream']), Number(head));
      const all = followers.every((follower) => after[follower] !== undefined);
      if (all || performance.now() - movedAt > PATIENCE_MS) break;
      await delay(LOOK_MS, undefined, { signal });
    }
    return {
      stream: after.stream,
      'read model': after['read model'],
      coordinator: after.coordinator,
    };
  });
}
