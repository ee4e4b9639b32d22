/** Rebuilds the deadlines of a process from the log. */
import type { EventStore, RecordedEvent } from '../eventstore/event-store.ts';
import type { Context } from '../kit/context.ts';
import { dueNow, isAskedAgain, kindsOf } from './deadline-rules.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import { type DeadlineChange, groupedWrites } from './grouped-writes.ts';
import type { Process } from './process.ts';
import { stepOf } from './step.ts';
import { deadlineChange, type Folded, foldWaits, keysOf, waitsAfter } from './waits/waits.ts';

/** What a rebuild has found. */
export interface Rebuilt {
  readonly events: number;
  /** Ids of aggregates that had an unreadable event, which was skipped; a hundred at most. */
  readonly unreadable: readonly string[];
}

/** Events held at once. */
const CHUNK = 1_000;
/** The most aggregates named in the result. */
const MAX_NAMED = 100;

/**
 * Sets and clears the deadlines of every aggregate in the log, in bounded memory. The
 * process may be followed meanwhile: a deadline set too late finds nothing to do when it
 * fires, and an existing one is never missing in between. May be called again. Rejects
 * with the errors of the store and the table.
 *
 * @param onProgress called now and then with the number of events read
 */
export async function rebuildDeadlines<State, Command, Event, Kind extends string>(
  ctx: Context,
  process: Process<State, Command, Event, Kind>,
  store: Pick<EventStore, 'stream' | 'readAggregate'>,
  deadlines: Pick<Deadlines<Kind>, 'put' | 'remove'>,
  onProgress: (events: number) => void = () => undefined,
): Promise<Rebuilt> {
  const { aggregateType, follows } = process;
  const writes = groupedWrites(deadlines);
  const unreadable: string[] = [];
  let events = 0;
  let last = new Map<string, RecordedEvent>();

  async function changeAfter(event: RecordedEvent): Promise<DeadlineChange<Kind>> {
    const { aggregateId } = event;
    const told = waitsAfter(process, event);
    if (told !== undefined) return deadlineChange(process, aggregateId, told);
    const recorded = await store.readAggregate(ctx, { aggregateType, aggregateId });
    const { change, folded } = wantedChange(process, aggregateId, recorded);
    if (folded.spoilt && unreadable.length < MAX_NAMED) unreadable.push(aggregateId);
    return change;
  }

  /** The last event of each aggregate decides, and covers those before it in the chunk. */
  async function flush(): Promise<void> {
    const changes: DeadlineChange<Kind>[] = [];
    for (const event of last.values()) changes.push(await changeAfter(event));
    last = new Map();
    await Promise.all(changes.map((change) => writes.write(change)));
    onProgress(events);
  }

  for await (const event of await store.stream(ctx, { aggregateType, eventTypes: follows })) {
    last.set(event.aggregateId, event);
    if (++events % CHUNK === 0) await flush();
  }
  await flush();
  return { events, unreadable };
}

/**
 * Sets and clears the deadlines of one aggregate as the log has it, also of kinds that it
 * does not wait for. If it has a deadline of the kind `firesNow`, that becomes due at
 * once. Running it again, or while the process is followed, is as harmless as a full
 * rebuild.
 */
export async function rebuildAggregate<State, Command, Event, Kind extends string>(
  ctx: Context,
  process: Process<State, Command, Event, Kind>,
  store: Pick<EventStore, 'readAggregate'>,
  deadlines: Pick<Deadlines<Kind>, 'put' | 'remove'>,
  { aggregateId, firesNow }: { readonly aggregateId: string; readonly firesNow?: Kind },
): Promise<void> {
  const { aggregateType } = process;
  const recorded = await store.readAggregate(ctx, { aggregateType, aggregateId });
  const { change, folded } = wantedChange(process, aggregateId, recorded);
  const put = change.put.map((deadline) => {
    const since = deadline.kind === firesNow ? folded.since[deadline.kind] : undefined;
    return since === undefined ? deadline : dueNow(since, deadline.kind);
  });
  const unset = kindsOf(process.deadlines).filter((kind) => !put.some((one) => one.kind === kind));
  if (put.length > 0) await deadlines.put(ctx, put);
  await deadlines.remove(ctx, keysOf(aggregateId, unset));
}

/** The deadlines of an aggregate whose process has followed all of its events. */
export interface Owed<Kind extends string> {
  readonly deadlines: readonly Deadline<Kind>[];
  /** A command is still to be given; a due deadline may exist for that. */
  readonly owesCommand: boolean;
  /** The last event that is followed; undefined if there is none. */
  readonly followed: RecordedEvent | undefined;
}

/** All deadlines that an aggregate with these events has by the log. Pure. */
export function owedDeadlines<State, Command, Event, Kind extends string>(
  process: Process<State, Command, Event, Kind>,
  aggregateId: string,
  recorded: readonly RecordedEvent[],
): Owed<Kind> {
  const folded = foldWaits(process, recorded);
  return {
    deadlines: deadlineChange(process, aggregateId, folded).put,
    owesCommand: owes(process, folded, aggregateId),
    followed: lastFollowed(process, recorded),
  };
}

/** The change that gives the aggregate with these events its deadlines, whatever they are now. */
function wantedChange<State, Command, Event, Kind extends string>(
  process: Process<State, Command, Event, Kind>,
  aggregateId: string,
  recorded: readonly RecordedEvent[],
): { readonly change: DeadlineChange<Kind>; readonly folded: Folded<State, Kind> } {
  const folded = foldWaits(process, recorded);
  const last = lastFollowed(process, recorded);
  // The event that asks for a command may have been given up: a due deadline of a kind
  // that is not awaited notices that and gives the command.
  const looks = kindsOf(process.deadlines).find(
    (kind) => !isAskedAgain(process.deadlines[kind]) && !folded.awaited.includes(kind),
  );
  const change =
    last !== undefined && looks !== undefined && owes(process, folded, aggregateId)
      ? { put: [dueNow(last, looks)], remove: [] }
      : deadlineChange(process, aggregateId, folded);
  return { change, folded };
}

const owes = <State, Command, Event, Kind extends string>(
  process: Process<State, Command, Event, Kind>,
  { state }: Folded<State, Kind>,
  aggregateId: string,
): boolean => stepOf(process, state, { type: 'event' }, aggregateId).command !== undefined;

const lastFollowed = <State, Command, Event, Kind extends string>(
  { follows }: Pick<Process<State, Command, Event, Kind>, 'follows'>,
  recorded: readonly RecordedEvent[],
): RecordedEvent | undefined => recorded.findLast(({ eventType }) => follows.includes(eventType));
