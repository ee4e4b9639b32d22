import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../logger.ts';
import { unlessAborted } from '../../unless-aborted.ts';

/** A subscription that exists and will end at some time. */
export interface Subscription {
  /** Resolves with the reason when nothing more will come. Never rejects. */
  readonly ended: Promise<string>;
  /** Ends it and resolves when messages in transit have arrived. */
  close(): Promise<void>;
}

export interface KeptSubscription {
  /** Begins; resolves at once. */
  start(): void;
  /** Why nothing is subscribed; undefined while something is. */
  notReady(): string | undefined;
  /**
   * Closes the subscription, or waits at most a second for one that is being created to
   * be closed, so that nothing is left on the server; creates no other. May be called
   * twice.
   */
  stop(): Promise<void>;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;
/** How long a stop waits for a subscription that is being created. The caller then closes the connection. */
const LATE_MS = 1_000;
/** A subscription that lived longer than this worked, so the next failure is a new one. */
const WORKED_MS = 10_000;
/** Processes that start together find each other within this many attempts; more is worth a warning. */
const FIRST_ATTEMPTS = 6;

/**
 * Creates a subscription, and another when it ends or fails, for ever, with pauses that
 * double from 50 ms to 5 s and are shortened by up to half at random. Users of NATS
 * complain most about consumers that silently stop; here every end is logged and
 * followed by a new start.
 */
export function keepSubscribed({
  subscribe,
  logger,
}: {
  /** Must stop trying when the signal aborts; then it has one more second. */
  readonly subscribe: (signal: AbortSignal) => Promise<Subscription>;
  readonly logger: Logger;
}): KeptSubscription {
  const stopping = new AbortController();
  const { signal } = stopping;
  let reason: string | undefined = 'not subscribed yet';
  let current: Subscription | undefined;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    let failures = 0;
    let attempts = 0;
    while (!signal.aborted) {
      const began = performance.now();
      try {
        current = await madeInTime(subscribe(signal), signal);
        // Stopped after its creation but before this line: `stop` saw none to close.
        if (signal.aborted) await current.close();
        reason = undefined;
        attempts = FIRST_ATTEMPTS;
        logger.info('subscribed');
        reason = await current.ended;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
      current = undefined;
      if (signal.aborted) break;
      if (performance.now() - began > WORKED_MS) failures = 0;
      const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++);
      const pauseMs = Math.round(longest * (0.5 + Math.random() / 2));
      const level = attempts++ < FIRST_ATTEMPTS ? 'info' : 'warn';
      logger[level]({ reason, pauseMs }, 'not subscribed; subscribing again');
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
    reason = 'stopped';
  }

  return {
    start: () => {
      running ??= run();
    },
    notReady: () => reason,
    stop: async () => {
      stopping.abort(new Error('The subscription was stopped.'));
      await current?.close();
      await running;
    },
  };
}

/** The subscription being created, or the signal's reason; one created too late is closed. */
async function madeInTime(
  making: Promise<Subscription>,
  signal: AbortSignal,
): Promise<Subscription> {
  try {
    const made = await unlessAborted(making, signal);
    signal.throwIfAborted();
    return made;
  } catch (error) {
    const closed = making.then((made) => made.close()).catch(() => undefined);
    const enough = new AbortController();
    await Promise.race([
      closed,
      delay(LATE_MS, undefined, { signal: enough.signal }).catch(() => undefined),
    ]);
    enough.abort();
    throw error;
  }
}
