/** How long after its commit a follower has an event. */

import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import { background, withSignal } from '../../../shared/kit/context.ts';
import { openEmmett } from '../contenders/emmett.ts';
import { appendTo } from '../contenders/own-store.ts';
import { type Followed, lagOf, untilFollowing } from '../lag.ts';
import { names } from '../names.ts';
import { closing, type Entry, rowsOf, type Section } from '../section.ts';

const CONTENDERS = 3;

export const follow: Section = {
  title: 'follow',
  rounds: ({ shortPace }) => CONTENDERS * shortPace.rounds,
  run: (bench) =>
    closing(async (later) => {
      const { server, plan, say } = bench;
      say('following the log');
      const url = await server.createLog('follow');
      const first = await server.startService(url, 'eventstoresvc-followed');
      later(first.stop);
      const second = await server.startService(url, 'eventstoresvc-other');
      later(second.stop);
      const emmettUrl = await server.createDatabase('emmett_follow');
      const emmett = await openEmmett(emmettUrl);
      later(emmett.close);

      const entry = async (name: string, followed: Followed, of: string): Promise<Entry> => {
        await untilFollowing(name, followed);
        return { contender: lagOf(name, followed), durable: (await server.durability(of)).short };
      };
      const same = followedThrough(appendTo(first.connect()), first.connect());
      later(same.stop);
      const other = followedThrough(appendTo(second.connect()), first.connect());
      later(other.stop);
      const theirs: Followed = { append: emmett.append, onEvent: () => {} };
      const consumer = await emmett.follow((id) => theirs.onEvent(id));
      later(consumer.close);
      return rowsOf(
        bench,
        'follow',
        [
          await entry(names.followSame, same.followed, url),
          await entry(names.followOther, other.followed, url),
          await entry(names.emmett, theirs, emmettUrl),
        ],
        plan.shortPace,
      );
    }),
};

/** Appends one way and follows another, from the log's beginning. */
function followedThrough(append: Followed['append'], store: EventStore) {
  const followed: Followed = { append, onEvent: () => {} };
  const stop = new AbortController();
  const following = (async () => {
    const ctx = withSignal(background(), stop.signal);
    for await (const batch of await store.batches(ctx, { follow: true })) {
      for (const { aggregateId } of batch) followed.onEvent(aggregateId);
    }
  })().catch((error) => {
    if (!stop.signal.aborted) throw error;
  });
  return {
    followed,
    stop: async () => {
      stop.abort();
      await following;
    },
  };
}
