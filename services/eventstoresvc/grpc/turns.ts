/**
 * Shares the server's capacity between streams. Streams take turns and begin a few
 * appends each. Limits per turn of the event loop keep other calls responsive; a limit
 * in total bounds memory.
 */

/** Begins at most `most` appends and returns how many it began. Fewer means that it has no more for now. */
export type Beginner = (most: number) => number;

export interface Turns {
  /** Queues `beginner` for a turn, possibly at once. Asking again before its turn has no effect. */
  ask(beginner: Beginner): void;
  /** Reports that an append has ended. */
  ended(): void;
}

/** Appends per turn of one stream: a few streams fill a batch. */
const SHARE = 64;
/** Appends per turn of the event loop: about ten milliseconds if each is refused with a span and a log line. */
const PER_TURN = 512;
/** Appends under way in total. Group commit has its own limit, for unary calls. */
const UNDER_WAY = 8_192;

export function createTurns(): Turns {
  const asking = new Set<Beginner>();
  let left = PER_TURN;
  let underWay = 0;
  let nextTurn: NodeJS.Immediate | undefined;

  function begin(): void {
    // A stream that asks again goes to the end of the set, and this loop reaches it again.
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
      // Otherwise the scheduled turn continues.
      if (asking.size > 0 && nextTurn === undefined) begin();
    },
  };
}
