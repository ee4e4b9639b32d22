/**
 * Where the log ends, for those who follow it. What this process commits it
 * hears of at once; what others commit it sees by asking, and it asks only
 * while somebody waits: once for all of them.
 */
import { background, type Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';

export interface LiveHead extends Component {
  /** This process committed up to `position`. */
  advanced(position: bigint): void;
  /**
   * The log ends at `position`, and ended later before: who waits is refused with
   * `log_went_back` (unavailable), for what comes is not what follows on what was read.
   */
  wentBack(position: bigint): void;
  /** Counts how often the log went back; a reading in which it changes has ended. */
  generation(): number;
  /**
   * Resolves with the log's end when it is known to be beyond `position`, at
   * once if it is. Rejects when `signal` is aborted, and with `unavailable` when
   * the process stops.
   */
  beyond(position: bigint, signal: AbortSignal): Promise<bigint>;
}

/** How often the log is asked for what other processes committed, in milliseconds. */
const POLL_MS = 100;

/** Somebody who waits; `settle` is called once. */
interface Follower {
  readonly position: bigint;
  settle(error?: unknown): void;
}

/** @param ask the log's last position */
export function createLiveHead(ask: (ctx: Context) => Promise<bigint>): LiveHead {
  const followers = new Set<Follower>();
  let head = 0n;
  let generation = 0;
  let timer: NodeJS.Timeout | undefined;
  let asking = false;
  let stopped = false;

  function advanced(position: bigint): void {
    // A batch that had to be read back is heard of after the one behind it, and a look may be older than a commit.
    if (position <= head) return;
    head = position;
    for (const follower of [...followers]) if (follower.position < head) follower.settle();
  }

  async function look(): Promise<void> {
    if (asking) return;
    asking = true;
    try {
      advanced(await ask(background()));
    } catch {
      // The database is away: readiness says so, and followers go on waiting.
    } finally {
      asking = false;
    }
  }

  function wait(position: bigint, signal: AbortSignal): Promise<bigint> {
    return new Promise((resolve, reject) => {
      const leave = () => follower.settle(signal.reason);
      const follower: Follower = {
        position,
        settle: (error) => {
          signal.removeEventListener('abort', leave);
          followers.delete(follower);
          if (followers.size === 0) {
            clearInterval(timer);
            timer = undefined;
          }
          if (error === undefined) resolve(head);
          else reject(error);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      followers.add(follower);
      timer ??= setInterval(() => void look(), POLL_MS);
    });
  }

  return {
    name: 'live head',
    advanced,
    wentBack: (position) => {
      head = position;
      generation++;
      for (const follower of [...followers]) follower.settle(logWentBack());
    },
    generation: () => generation,
    beyond: async (position, signal) => {
      signal.throwIfAborted();
      if (stopped) throw stopping();
      return head > position ? head : wait(position, signal);
    },
    stop: async () => {
      stopped = true;
      for (const follower of [...followers]) follower.settle(stopping());
    },
  };
}

/** The refusal of a reading that was under way when the log went back. */
export const logWentBack = () =>
  new CodedError(
    'unavailable',
    'log_went_back',
    'The log was restored to an older state; continue from your position and the id of its event.',
  );

const stopping = () =>
  new CodedError(
    'unavailable',
    'stopping',
    'The event store is stopping; continue from your position.',
  );
