import { setTimeout as delay } from 'node:timers/promises';
import { background, type Context, withSignal, withTimeLeft } from '../context.ts';
import type { Logger } from '../logger.ts';
import type { Component } from './lifecycle.ts';

export interface LookingOptions {
  /** What is looked at, for the log. */
  readonly name: string;
  /** Between two looks, in milliseconds. */
  readonly everyMs: number;
  readonly logger: Logger;
}

/** For one look, in milliseconds: a slower one says less than the next. */
const WITHIN_MS = 5_000;

/**
 * Calls `look` now and then, from start to stop, one call at a time: for gauges that come from
 * a database, so that no scrape waits for one. A look that fails is logged (debug), and what
 * was seen before stays.
 */
export function looking(
  look: (ctx: Context) => Promise<void>,
  { name, everyMs, logger }: LookingOptions,
): Component {
  const stopping = new AbortController();
  const { signal } = stopping;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await look(withTimeLeft(withSignal(background(), signal), WITHIN_MS));
      } catch (err) {
        logger.debug({ err, name }, 'a look failed');
      }
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    name,
    start: async () => {
      running ??= run();
    },
    stop: async () => {
      stopping.abort(new Error('Looking was stopped.'));
      await running;
    },
  };
}
