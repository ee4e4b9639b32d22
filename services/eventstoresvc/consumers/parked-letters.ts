import { eventStoreMetrics } from '../../../shared/contracts/metric-list.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Meter } from '../../../shared/kit/metrics/meter.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import { looking } from '../../../shared/kit/process/looking.ts';
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
  const counts = new Map<string, number>();

  meter.observe(eventStoreMetrics.lettersParked, (tell) => {
    for (const [consumer, count] of counts) tell(count, { consumer });
  });

  return looking(
    async (ctx) => {
      const counted = await Promise.all(letters.map(({ countParked }) => countParked(ctx)));
      const found = new Map<string, number>();
      for (const [consumer, count] of counted.flatMap((ofStream) => [...ofStream])) {
        found.set(consumer, (found.get(consumer) ?? 0) + count);
      }
      for (const consumer of [...counts.keys(), ...found.keys()]) {
        counts.set(consumer, found.get(consumer) ?? 0);
      }
    },
    { name: 'parked letters', everyMs: lookMs, logger },
  );
}
