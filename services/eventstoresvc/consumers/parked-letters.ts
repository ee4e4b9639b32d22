import { setTimeout as delay } from 'node:timers/promises';
import type { Meter } from '@opentelemetry/api';
import { background, withSignal } from '../../../shared/kit/context.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import type { DeadLetters } from './sql-letters.ts';

/** Between two queries, in milliseconds. */
const LOOK_MS = 5_000;

export interface ParkedLettersOptions {
  readonly meter: Meter;
  readonly logger: Logger;
  readonly lookMs?: number;
}

/**
 * A gauge of dead letters that wait for an operator, by consumer. It comes from
 * SQL, so it survives restarts and is the same in every process that serves this
 * log. While SQL does not answer the last value stays. A consumer whose letters are
 * all settled is reported with 0.
 */
export function parkedLetters(
  letters: readonly Pick<DeadLetters, 'countParked'>[],
  { meter, logger, lookMs = LOOK_MS }: ParkedLettersOptions,
): Component {
  const stopping = new AbortController();
  const { signal } = stopping;
  const counts = new Map<string, number>();
  let running: Promise<void> | undefined;

  meter
    .createObservableGauge('eventstore.dead_letters.parked', {
      description: 'Parked dead letters, by consumer.',
    })
    .addCallback((gauge) => {
      for (const [consumer, count] of counts) gauge.observe(count, { consumer });
    });

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        const ctx = withSignal(background(), signal);
        const counted = await Promise.all(letters.map(({ countParked }) => countParked(ctx)));
        const found = new Map<string, number>();
        for (const [consumer, count] of counted.flatMap((ofStream) => [...ofStream])) {
          found.set(consumer, (found.get(consumer) ?? 0) + count);
        }
        for (const consumer of [...counts.keys(), ...found.keys()]) {
          counts.set(consumer, found.get(consumer) ?? 0);
        }
      } catch (error) {
        logger.debug({ err: error }, 'dead letters could not be counted');
      }
      await delay(lookMs, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    name: 'parked letters',
    start: async () => {
      running ??= run();
    },
    stop: async () => {
      stopping.abort(new Error('Counting was stopped.'));
      await running;
    },
  };
}
