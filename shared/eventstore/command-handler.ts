/**
 * Read, fold, decide, append; and again if another writer was faster. All code that decides
 * about an aggregate uses it, so that one place separates facts from decisions.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../kit/context.ts';
import { CodedError, isKind } from '../kit/errors.ts';
import type { Decider, Decision } from './decider.ts';
import type { Appended, RecordedEvent, RememberingStore } from './event-store.ts';
import type { EventCodec } from './event-table.ts';
import { metadataOf } from './metadata.ts';

export interface CommandHandler<State, Command, Event> {
  /**
   * Takes the command that the aggregate's present state asks for and appends
   * what the decider makes of it. A decision holds only for the version it saw:
   * on a conflict it is taken again from fresh state, and may then append
   * nothing. A fact is recorded at any version.
   *
   * Rejects with `conflict` when the aggregate kept moving, with what `command`
   * throws, and with what the store rejects with.
   */
  handle(ctx: Context, request: HandleRequest<State, Command>): Promise<Handled<State, Event>>;
}

export interface HandleRequest<State, Command> {
  readonly aggregateId: string;
  readonly kind: 'decision' | 'fact';
  /**
   * The command for this state; undefined if there is nothing to do. `recorded`: all of the
   * aggregate's events, from which `state` is folded.
   */
  readonly command: (state: State, recorded: readonly RecordedEvent[]) => Command | undefined;
  /** Names the n-th event, the same each time, so that a repeat is one append. */
  readonly eventId: (index: number) => string;
}

export interface Handled<State, Event> {
  readonly decision: Decision<Event>;
  /** The aggregate before the decision. */
  readonly state: State;
  /** The version that the decision saw. */
  readonly version: bigint;
  /** Where the events are; undefined if there were none. */
  readonly appended: Appended | undefined;
}

export interface CommandHandlerOptions<State, Command, Event> {
  readonly decider: Decider<State, Command, Event>;
  readonly codec: EventCodec<Event>;
  /** What the aggregates are filed under. */
  readonly aggregateType: string;
  readonly store: RememberingStore;
}

/** How often a decision is taken again before the conflict is the caller's. */
const ATTEMPTS = 8;

/** Handles commands to aggregates of one type. */
export function commandHandler<State, Command, Event>({
  decider,
  codec,
  aggregateType,
  store,
}: CommandHandlerOptions<State, Command, Event>): CommandHandler<State, Command, Event> {
  /**
   * @param remembered whether events that were read before will do: then a decision that
   * appends is safe by its version, and one that appends nothing is taken again
   */
  async function attempt(
    ctx: Context,
    request: HandleRequest<State, Command>,
    remembered: boolean,
  ): Promise<Handled<State, Event>> {
    const { aggregateId, kind, command: commandFor, eventId } = request;
    const aggregate = { aggregateType, aggregateId };
    const recent = remembered ? store.recentAggregate?.(aggregate) : undefined;
    const recorded = recent ?? (await store.readAggregate(ctx, aggregate));
    const state = foldRecorded(decider, codec, recorded);
    const version = recorded.at(-1)?.version ?? 0n;
    const command = commandFor(state, recorded);
    const decision: Decision<Event> =
      command === undefined ? { accepted: true, events: [] } : decider.decide(command, state);
    const events = decision.accepted ? decision.events : [];
    if (events.length === 0) {
      if (recent !== undefined) return attempt(ctx, request, false);
      return { decision, state, version, appended: undefined };
    }
    const metadata = metadataOf(ctx);
    const appended = await store.append(ctx, {
      events: events.map((event, index) => ({
        ...codec.encode(event),
        eventId: eventId(index),
        aggregateId,
        aggregateType,
        metadata,
      })),
      expectedVersion: kind === 'decision' ? version : undefined,
      // A decision about an existing aggregate brings it closer to its end.
      lane: version === 0n ? 'new work' : 'answers',
    });
    return { decision, state, version, appended };
  }

  return {
    handle: async (ctx, request) => {
      for (let n = 1; ; n++) {
        try {
          return await attempt(ctx, request, n === 1 && request.kind === 'decision');
        } catch (error) {
          if (!isKind(error, 'conflict') || n === ATTEMPTS) throw error;
          if (ctx.signal.aborted) {
            throw new CodedError('cancelled', 'cancelled', 'The caller stopped waiting.', {
              cause: error,
            });
          }
          await sleep(Math.random() * 2 ** n);
        }
      }
    },
  };
}

/**
 * The state after an aggregate's recorded events. Unknown types change nothing, and
 * neither do unreadable events: the projection skips them too, and a corrupt one must not
 * keep the aggregate from ever ending.
 */
export function foldRecorded<State, Event>(
  { initialState, evolve }: Pick<Decider<State, never, Event>, 'initialState' | 'evolve'>,
  codec: EventCodec<Event>,
  recorded: readonly RecordedEvent[],
): State {
  let state = initialState;
  for (const entry of recorded) {
    const event = readable(codec, entry);
    if (event !== undefined) state = evolve(state, event);
  }
  return state;
}

/** The event of an entry; undefined if its type is unknown or it cannot be read. */
export function readable<Event>(codec: EventCodec<Event>, entry: RecordedEvent): Event | undefined {
  try {
    return codec.decode(entry);
  } catch (error) {
    if (isKind(error, 'invalid')) return undefined;
    throw error;
  }
}
