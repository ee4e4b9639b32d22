/**
 * Who begins next, where many streams bring more than can be served: each in
 * turn a few at a time, so many in one turn of the event loop that calls beside
 * them are answered, and so many under way in all that memory has room for them.
 */

/** Begins at most so many and returns how many it began; fewer mean that it has no more to begin for now. */
export type Beginner = (most: number) => number;

export interface Turns {
  /** Lets `beginner` begin, now or when its turn comes; asking again before that changes nothing. */
  ask(beginner: Beginner): void;
  /** One that was begun has ended. */
  ended(): void;
}

/** At one asking: enough to fill a batch from a few streams. */
const SHARE = 64;
/** In one turn of the event loop: some ten milliseconds, when each is refused with a span and a line. */
const PER_TURN = 512;
/** In all. Beside it group commit's own bound is for callers that come one by one. */
const UNDER_WAY = 8_192;

export function createTurns(): Turns {
  const asking = new Set<Beginner>();
  let left = PER_TURN;
  let underWay = 0;
  let nextTurn: NodeJS.Immediate | undefined;

  function begin(): void {
    // One that asks again goes to the end, and is met again in the same loop.
    for (const beginner of asking) {
      const most = Math.min(SHARE, left, UNDER_WAY - underWay);
      if (most <= 0) break;
      asking.delete(beginner);
      const begun = beginner(most);
      left -= begun;
      underWay += begun;
      if (begun === most) asking.add(beginner);
    }
    if (left < PER_TURN) {
      nextTurn ??= setImmediate(() => {
        nextTurn = undefined;
        left = PER_TURN;
        begin();
      });
    }
  }

  return {
    ask: (beginner) => {
      asking.add(beginner);
      begin();
    },
    ended: () => {
      underWay--;
      // Otherwise the next turn does it.
      if (asking.size > 0 && nextTurn === undefined) begin();
    },
  };
}
