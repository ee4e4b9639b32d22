import { setTimeout as delay } from 'node:timers/promises';
import type { ChaosOptions } from './options.ts';
import { live, type People, type Told } from './person.ts';
import { wish } from './wishes.ts';

export interface Crowd {
  /** Accepted, and done with, so far. */
  readonly standing: () => { readonly sent: number; readonly done: number };
  /** Resolves when everybody has done all that they do. */
  readonly run: () => Promise<readonly Told[]>;
}

const LOOK_MS = 20;
/** People at once; the next ones wait. */
const MOST = 1_000;

/** People with the seed's wishes 0 … `orders` − 1, who arrive as `share` goes from 0 to 1. */
export function crowd(
  { orders, seed, personalData }: Pick<ChaosOptions, 'orders' | 'seed' | 'personalData'>,
  people: People,
  share: () => number,
): Crowd {
  let sent = 0;
  let done = 0;
  return {
    standing: () => ({ sent, done }),
    async run() {
      const lives: Promise<Told>[] = [];
      while (sent < orders) {
        while (sent < Math.ceil(share() * orders) && sent - done < MOST) {
          const one = live(wish(seed, sent, personalData), people).finally(() => {
            done += 1;
          });
          // Awaited below.
          one.catch(() => {});
          lives.push(one);
          sent += 1;
        }
        await delay(LOOK_MS, undefined, { signal: people.signal });
      }
      return Promise.all(lives);
    },
  };
}
