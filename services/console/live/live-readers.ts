import type { LiveEvents, LiveOrders, OrderRow } from '../../../shared/contracts/console.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import {
  EventFeed,
  type FeedReader,
  feedText,
} from '../../../shared/kit/transport/http/sending/event-feed.ts';
import type { Sees } from '../orders/asker.ts';

/** Who wants to read. */
export interface Asks {
  readonly sees: Sees;
  /** Callers with the same one share their places; see Principal. */
  readonly share: string;
  /** After so long the feed ends, in milliseconds. */
  readonly lifeMs: number;
}

/** Everybody who has the page open. */
export interface LiveReaders {
  /**
   * A feed for a caller. Throws CodedError `overloaded` (code `too_many_readers`) when as many
   * as allowed read already. It ends at once when they are so many only when it begins.
   */
  feed(asks: Asks, hello: () => LiveEvents['hello']): EventFeed;
  /** Sends what changed to each reader, as far as it sees it. */
  orders(changed: LiveOrders): void;
  /** Sends to those who see all. */
  pipeline(now: LiveEvents['pipeline']): void;
  readonly count: number;
  /** Whether there are readers who see some orders only. */
  readonly seeSome: boolean;
}

/** So long nothing may be sent before a comment is, in milliseconds. */
const BEAT_MS = 5_000;
/** Pages of one caller who does not see all. */
const EACH = 4;

/** @param most pages at once; a quarter of them is kept for those who see all */
export function liveReaders(most: number): LiveReaders {
  const readers = new Map<FeedReader, Asks>();
  const mostPartial = most - Math.floor(most / 4);

  /** Why one more cannot read, in words; undefined: it can. */
  function full({ sees, share }: Asks): string | undefined {
    const taken = `${readers.size} pages read the console already`;
    if (readers.size >= most) return taken;
    if (sees.any) return undefined;
    const partial = [...readers.values()].filter((reader) => !reader.sees.any);
    if (partial.length >= mostPartial) return taken;
    const theirs = partial.filter((reader) => reader.share === share).length;
    return theirs >= EACH ? `${theirs} pages of yours read the console already` : undefined;
  }

  function toAll(text: string): void {
    for (const [reader, { sees }] of readers) if (sees.any) reader.sendText(text);
  }

  return {
    feed(asks, hello) {
      const { sees, lifeMs } = asks;
      const why = full(asks);
      if (why !== undefined) {
        throw new CodedError('overloaded', 'too_many_readers', `${why}; close one of them.`);
      }
      return new EventFeed((reader) => {
        // Others may have begun since.
        if (full(asks) !== undefined) {
          reader.end();
          return;
        }
        readers.set(reader, asks);
        const beating = setInterval(() => reader.beat(), BEAT_MS);
        const leave = () => {
          clearInterval(beating);
          clearTimeout(living);
          readers.delete(reader);
        };
        const living = setTimeout(() => {
          leave();
          reader.end();
        }, lifeMs);
        reader.gone.addEventListener('abort', leave);
        const { position, pipeline } = hello();
        reader.send('hello', { position, pipeline: sees.any ? pipeline : [] });
      });
    },

    orders(changed) {
      toAll(feedText('orders', changed));
      for (const [reader, { sees }] of readers) {
        if (sees.any) continue;
        const rows = changed.rows.filter((row) => isTheirs(row, sees));
        if (rows.length > 0) reader.send('orders', { rows } satisfies LiveOrders);
      }
    },

    pipeline: (now) => toAll(feedText('pipeline', now)),

    get count() {
      return readers.size;
    },

    get seeSome() {
      return [...readers.values()].some(({ sees }) => !sees.any);
    },
  };
}

const isTheirs = (row: OrderRow, { customerId, restaurantId }: Sees): boolean =>
  (restaurantId !== undefined && row.restaurant_id === restaurantId) ||
  (customerId !== undefined && row.customer_id === customerId);
