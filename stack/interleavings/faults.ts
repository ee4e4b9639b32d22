/** Machines that fail before they have done anything, or after. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../shared/kit/errors.ts';
import type { Dice } from './dice.ts';

export interface Faults {
  readonly random: Dice;
  /** Whether things fail at the moment. */
  readonly on: () => boolean;
  readonly tell: (line: string) => void;
}

const CHANCE = 0.08;

/**
 * `target`, whose methods `names` are sometimes slow, or whose calls or answers are
 * sometimes lost.
 */
export function faulty<T extends object>(
  target: T,
  names: readonly (keyof T & string)[],
  who: string,
  { random, on, tell }: Faults,
): T {
  /** Others go on meanwhile. */
  const linger = async () => {
    if (on() && random.chance(0.3)) await sleep(random.below(4));
  };
  const lose = (what: string) => {
    tell(`  ${who}.${what}`);
    throw new CodedError('unavailable', 'fault', 'The connection was lost.');
  };
  const wrapped: Partial<T> = {};
  for (const name of names) {
    const method = target[name] as (...args: unknown[]) => Promise<unknown>;
    wrapped[name] = (async (...args: unknown[]) => {
      if (on() && random.chance(CHANCE)) lose(`${name} lost before`);
      await linger();
      const result = await method(...args);
      await linger();
      if (on() && random.chance(CHANCE)) lose(`${name} lost after`);
      return result;
    }) as T[keyof T & string];
  }
  return { ...target, ...wrapped };
}
