/** What an aggregate waits for and since when: from one event if that is enough, else from all. */
import type { RecordedEvent } from '../../eventstore/event-store.ts';
import { isKind } from '../../kit/errors.ts';
import { deadlineSince } from '../deadline-rules.ts';
import type { DeadlineKey } from '../deadlines.ts';
import type { DeadlineChange } from '../grouped-writes.ts';
import type { Process, Waiting } from '../process.ts';

/** What an aggregate waits for, and since when. */
export interface Waits<Kind extends string> extends Waiting<Kind> {
  /** The event that began the wait, for each kind that is awaited. */
  readonly since: Readonly<Partial<Record<Kind, RecordedEvent>>>;
  /** How often its worker was asked, for each kind that is awaited and asked again. */
  readonly asked: Readonly<Partial<Record<Kind, number>>>;
}

/** The result of folding all events of an aggregate. */
export interface Folded<State, Kind extends string> extends Waits<Kind> {
  readonly state: State;
  /** One of its events could not be read, and was skipped. */
  readonly spoilt: boolean;
}

/** Folds all of an aggregate's events and skips those that cannot be read. Pure. */
export function foldWaits<State, Command, Event, Kind extends string>(
  process: Process<State, Command, Event, Kind>,
  recorded: readonly RecordedEvent[],
): Folded<State, Kind> {
  const folding = new Folding(process);
  for (const entry of recorded) folding.add(entry);
  return folding.folded();
}

/** Folds an aggregate's events one by one. */
export class Folding<State, Command, Event, Kind extends string> {
  readonly #process: Process<State, Command, Event, Kind>;
  readonly #since: Partial<Record<Kind, RecordedEvent>> = {};
  readonly #asked: Partial<Record<Kind, number>> = {};
  #state: State;
  #awaited: readonly Kind[];
  #spoilt = false;

  constructor(process: Process<State, Command, Event, Kind>) {
    this.#process = process;
    this.#state = process.decider.initialState;
    this.#awaited = process.awaited(this.#state);
  }

  /** The next event of the aggregate; one that cannot be read is skipped. */
  add(entry: RecordedEvent): void {
    const { codec, decider, awaited } = this.#process;
    let event: Event | undefined;
    try {
      event = codec.decode(entry);
    } catch (error) {
      if (!isKind(error, 'invalid')) throw error;
      this.#spoilt = true;
    }
    if (event === undefined) return;
    this.#state = decider.evolve(this.#state, event);
    this.#move(entry, awaited(this.#state));
  }

  folded(): Folded<State, Kind> {
    return {
      state: this.#state,
      spoilt: this.#spoilt,
      since: { ...this.#since },
      asked: { ...this.#asked },
      awaited: this.#awaited,
      passed: this.#process.passed(this.#state),
    };
  }

  /** `entry` brought the aggregate to where it waits for `next`. */
  #move(entry: RecordedEvent, next: readonly Kind[]): void {
    const { deadlines } = this.#process;
    const [since, asked] = [this.#since, this.#asked];
    for (const kind of this.#awaited) {
      if (next.includes(kind)) continue;
      delete since[kind];
      delete asked[kind];
    }
    for (const kind of next) {
      const { answeredBy } = deadlines[kind];
      const asks =
        answeredBy?.againUpToMs !== undefined && answeredBy.eventType === entry.eventType;
      if (asks) asked[kind] = (asked[kind] ?? 0) + 1;
      if (asks || !this.#awaited.includes(kind)) since[kind] = entry;
    }
    this.#awaited = next;
  }
}

/** The waits that `event` alone shows; undefined: its aggregate must be folded. */
export function waitsAfter<Kind extends string>(
  { toldBy }: { readonly toldBy?: (event: RecordedEvent) => Waiting<Kind> | undefined },
  event: RecordedEvent,
): Waits<Kind> | undefined {
  const waiting = toldBy?.(event);
  if (waiting === undefined) return undefined;
  const since: Partial<Record<Kind, RecordedEvent>> = {};
  for (const kind of waiting.awaited) since[kind] = event;
  const asked: Partial<Record<Kind, number>> = {};
  return { ...waiting, since, asked };
}

/** The change of deadlines for an aggregate with these `waits`. */
export function deadlineChange<State, Command, Event, Kind extends string>(
  { deadlines }: Pick<Process<State, Command, Event, Kind>, 'deadlines'>,
  aggregateId: string,
  waits: Waits<Kind>,
): DeadlineChange<Kind> {
  const put = waits.awaited.flatMap((kind) => {
    const event = waits.since[kind];
    return event === undefined
      ? []
      : [deadlineSince(event, kind, deadlines[kind], waits.asked[kind])];
  });
  return { put, remove: keysOf(aggregateId, waits.passed) };
}

/** The keys of the deadlines of these kinds. */
export const keysOf = <Kind extends string>(
  aggregateId: string,
  kinds: readonly Kind[],
): readonly DeadlineKey<Kind>[] => kinds.map((kind) => ({ aggregateId, kind }));
