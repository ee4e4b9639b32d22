import { setTimeout as delay } from 'node:timers/promises';
import type { Follow } from './follow.ts';
import { createJourneys, type Journeys } from './journeys.ts';
import { applyLoad } from './load.ts';
import { orderPlacer } from './place-order.ts';

/** Where orders are placed, how many, and how fast. */
export interface Drive {
  readonly url: string;
  /** Tells how orders end. */
  readonly follow: Follow;
  /** Infinity: until `enough` aborts. */
  readonly orders: number;
  readonly callers: number;
  readonly rate: number | undefined;
  readonly traced?: boolean | undefined;
  /** Gives up on ends when none came for so long. */
  readonly silenceMs: number;
  /** Aborting it ends the placing in order: what was accepted is followed to its end. */
  readonly enough?: AbortSignal | undefined;
  /** Aborting it ends everything; then this rejects with its reason. */
  readonly signal: AbortSignal;
  /** Told of each answer, and whenever it looks for ends. */
  readonly onStanding?: ((answered: number, ended: number) => void) | undefined;
}

/** Times are milliseconds, of `performance.now()` where they are points in time. */
export interface Driven {
  readonly journeys: Journeys;
  readonly acceptMs: readonly number[];
  /** By HTTP status or the error's name. */
  readonly refused: Readonly<Record<string, number>>;
  readonly refuseMs: readonly number[];
  readonly began: number;
  /** From the first order sent to the last answer. */
  readonly answeredIn: number;
}

const LOOK_MS = 20;

/** Posts the orders and follows each to its end. */
export async function drive(options: Drive): Promise<Driven> {
  const { url, callers, traced = false, silenceMs, enough, signal } = options;
  const journeys = createJourneys();
  const follower = await options.follow(journeys.ended);
  const placer = orderPlacer(url, callers, { traced });
  const acceptMs: number[] = [];
  const refused: Record<string, number> = {};
  const refuseMs: number[] = [];
  let answered = 0;
  const tell = () => options.onStanding?.(answered, endedIn(journeys));
  const began = performance.now();
  try {
    await applyLoad({
      ...options,
      place: placer.place,
      onAnswer: (answer, sentAt, answeredAt) => {
        answered++;
        if (answer.kind === 'refused') {
          refused[answer.why] = (refused[answer.why] ?? 0) + 1;
          refuseMs.push(answeredAt - sentAt);
        } else {
          acceptMs.push(answeredAt - sentAt);
          journeys.began(answer.orderId, sentAt);
        }
        tell();
      },
      signal: enough === undefined ? signal : AbortSignal.any([enough, signal]),
    });
    const answeredIn = performance.now() - began;
    while (journeys.open > 0) {
      signal.throwIfAborted();
      const lastSign = Math.max(journeys.lastEndAt ?? 0, began + answeredIn);
      if (performance.now() - lastSign > silenceMs) break;
      await delay(LOOK_MS);
      tell();
    }
    signal.throwIfAborted();
    return { journeys, acceptMs, refused, refuseMs, began, answeredIn };
  } finally {
    placer.close();
    await follower.stop();
  }
}

/** How many ended, in whatever way. */
export const endedIn = ({ endings }: Journeys): number =>
  Object.values(endings).reduce((sum, count) => sum + count, 0);
