/** How far the consumers of the log are, as the log's side knows it. Field names are those of `--json`. */
import { answeredTypes } from '../../shared/contracts/answered-types.ts';
import { READ_MODEL, READ_MODEL_B } from '../../shared/contracts/subjects.ts';
import type { KeptCheckpoint } from '../../shared/eventstore/checkpoints.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';

/** One consumer. */
export interface ConsumerAnswer {
  readonly consumer: string;
  /** Everything up to here is done. */
  readonly position: number;
  /** Events of its own that are not done: what it does not answer does not count. */
  readonly waiting: number;
  /** There are more than that; they were not counted. */
  readonly waiting_at_least?: true;
  /** When the oldest of them was stored; absent if none waits. */
  readonly waiting_since?: string;
  /** Positions that were delivered to it and are not done. */
  readonly in_flight: number;
  /** When its place was last saved. */
  readonly moved_at: string;
  /** Events that it gave up and that wait for a person. */
  readonly parked: number;
  readonly parked_at_least?: true;
  /** Its place is not in the log, as after a restore: it begins at an earlier one. */
  readonly place_lost?: true;
}

/** All of them, and where the log ends. */
export interface ConsumersAnswer {
  readonly log_head: number;
  readonly consumers: readonly ConsumerAnswer[];
}

/** More are not counted: they are too many in any case. */
const MOST = 1_000;

/** Rejects with the event store's error. */
export async function readConsumers(
  ctx: Context,
  store: Pick<EventStore, 'head' | 'read' | 'listCheckpoints' | 'deadLetters'>,
): Promise<ConsumersAnswer> {
  // Places first: a consumer is never ahead of a head that was read later.
  const places = live(await store.listCheckpoints(ctx));
  const head = await store.head(ctx);
  const consumers = await Promise.all(places.map((place) => about(ctx, store, place, head)));
  return { log_head: Number(head), consumers };
}

/** The read model has two tables, of which one is filled now and then: whichever moved last is live. */
function live(places: readonly KeptCheckpoint[]): readonly KeptCheckpoint[] {
  const tables = places.filter(({ consumer }) => [READ_MODEL, READ_MODEL_B].includes(consumer));
  const [, ...old] = tables.sort((a, b) => b.updatedAt.getTime() - a.updatedAt.getTime());
  return places.filter((place) => !old.includes(place));
}

async function about(
  ctx: Context,
  store: Pick<EventStore, 'read' | 'deadLetters'>,
  { consumer, position, delivered, updatedAt, holds }: KeptCheckpoint,
  head: bigint,
): Promise<ConsumerAnswer> {
  const types = answeredTypes[consumer];
  const [{ events }, letters] = await Promise.all([
    store.read(ctx, {
      afterPosition: position,
      limit: types === undefined ? 1 : MOST,
      ...(types !== undefined && { eventTypes: types }),
    }),
    store.deadLetters(ctx, { consumer, state: 'parked', limit: MOST }),
  ]);
  const [oldest] = events;
  return {
    consumer,
    position: Number(position),
    waiting: types === undefined ? Math.max(0, Number(head - position)) : events.length,
    ...(types !== undefined && events.length === MOST && { waiting_at_least: true }),
    ...(oldest !== undefined && { waiting_since: oldest.createdAt.toISOString() }),
    in_flight: Math.max(0, Number(delivered - position)),
    moved_at: updatedAt.toISOString(),
    parked: letters.length,
    ...(letters.length === MOST && { parked_at_least: true }),
    ...(!holds && { place_lost: true }),
  };
}
