import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { shown } from '../shared/kit/shown.ts';
import { adminUrl, type Say } from './launch.ts';
import type { Instance } from './plan.ts';
import { readyz } from './readyz.ts';

const LOOK_MS = 1_000;
/** A process that does not answer for so long is its supervisor's business, not ours. */
const ANSWER_MS = 2_000;

/**
 * Looks every second whether each service says that it is ready, and says when
 * one begins to say otherwise (and why), when it gives other reasons, and when
 * it is over. A process that is not there says nothing. Looks until the signal
 * aborts.
 */
export function watchReadiness(
  instances: readonly Instance[],
  say: Say,
  signal: AbortSignal,
  { lookMs = LOOK_MS }: { readonly lookMs?: number } = {},
): void {
  for (const instance of instances) {
    void watchOne(instance, say, signal, lookMs);
  }
}

async function watchOne(
  instance: Instance,
  say: Say,
  signal: AbortSignal,
  lookMs: number,
): Promise<void> {
  let trouble: { readonly since: number; whose: string } | undefined;
  while (!signal.aborted) {
    const now = await look(`${adminUrl(instance)}/readyz`, signal);
    if (signal.aborted) return;
    if (now?.status === 'ready') {
      if (trouble !== undefined) {
        const took = Math.round((performance.now() - trouble.since) / 1_000);
        say('ready', instance.name, `ready again, after ${took} s`);
      }
      trouble = undefined;
    } else if (now !== undefined) {
      // Figures in a reason change at each look: what counts is whose it is.
      const whose = now.reasons.map((reason) => reason.split(':', 1)[0]).join(', ');
      const text = `${now.status}: ${shown(now.reasons.join('; '))}`;
      if (trouble?.whose !== `${now.status} ${whose}`) say('trouble', instance.name, text);
      trouble = { since: trouble?.since ?? performance.now(), whose: `${now.status} ${whose}` };
    }
    await delay(lookMs, undefined, { signal }).catch(() => undefined);
  }
}

async function look(url: string, signal: AbortSignal): Promise<z.infer<typeof readyz> | undefined> {
  try {
    const either = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const response = await fetch(url, { signal: either });
    const now = readyz.parse(await response.json());
    // Its supervisor says when it begins and ends.
    return now.reasons.every((reason) => /^(starting|stopping)/.test(reason)) &&
      now.status === 'not ready'
      ? undefined
      : now;
  } catch {
    return undefined;
  }
}
