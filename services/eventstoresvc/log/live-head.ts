/**
 * The end of the log, for its followers. This process's commits are reported at
 * once. Commits of other processes are found by polling, with one query for all
 * followers, and only while there are any.
 */
import { background, type Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';

export interface LiveHead extends Component {
  /** This process committed up to `position`. */
  advanced(position: bigint): void;
  /**
   * The log now ends at `position`, earlier than before. Waiting followers are refused
   * with `log_went_back` (unavailable), because what comes next does not continue what
   * they read.
   */
  wentBack(position: bigint): void;
  /** How often the log went back. When it changes during a read, the read must end. */
  generation(): number;
  /**
   * Resolves with the log's end once it is beyond `position`, at once if it is known
   * to be. Rejects when `signal` is aborted, and with `unavailable` when the process
   * stops.
   */
  beyond(position: bigint, signal: AbortSignal): Promise<bigint>;
}

/** Interval between queries for other processes' commits, in milliseconds. */
const POLL_MS = 100;

/** A waiting follower; `settle` is called once. */
interface Follower {
  readonly position: bigint;
  settle(error?: unknown): void;
}

/** @param ask queries the log's last position */
export function createLiveHead(ask: (ctx: Context) => Promise<bigint>): LiveHead {
  const followers = new Set<Follower>();
  let head = 0n;
  let generation = 0;
  let timer: NodeJS.Timeout | undefined;
  let asking = false;
  let stopped = false;

  function advanced(position: bigint): void {
    // The slow path reports its batch after later batches, and a query may be older than a commit.
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
      // The database is away: readiness reports it, and followers keep waiting.
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

/** The refusal of a read that was under way when the log went back. */
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
