import type { Dice } from '../interleavings/dice.ts';

/** All of these or one of them, as the dice say. */
export function someOf<T>(all: readonly T[], luck: Dice): readonly T[] {
  return luck.chance(0.5) ? all : [luck.pick(all)];
}
