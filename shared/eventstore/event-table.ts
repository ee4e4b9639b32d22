/**
 * Events as a table: an entry defines an event once, and gives its type in the log, its
 * decoding, its encoding and its JSON Schema.
 *
 * An entry is a codec of two functions rather than zod's `z.codec`, which checks what it
 * writes: a fact must be recorded even if a check would refuse it.
 */
import { z } from 'zod';
import { CodedError } from '../kit/errors.ts';
import { problemsOf } from '../kit/problems-of.ts';

/** One event of the domain and its form in the log. Made by `entry`. */
export interface EventEntry<Fields> {
  /** The payload; its JSON Schema describes what goes in here. */
  readonly payload: z.ZodType;
  /** `aggregateId` names the event's aggregate. Throws ZodError if `json` is not such a payload. */
  decode(json: unknown, aggregateId: string): Fields;
  encode(event: Fields): object;
}

interface Named {
  readonly type: string;
}

type FieldsOf<Event extends Named, Type> = Omit<Extract<Event, { readonly type: Type }>, 'type'>;

/** Every event of a union, by its `type`. */
export type EventTable<Event extends Named> = {
  readonly [Type in Event['type']]: EventEntry<FieldsOf<Event, Type>>;
};

/**
 * The entry of an event with the schema `payload`. The types check that `encode` writes
 * what `payload` reads; unknown fields are ignored.
 */
export function entry<Payload extends z.ZodType<unknown, object>, Fields>(
  payload: Payload,
  ways: {
    readonly decode: (read: z.output<Payload>, aggregateId: string) => Fields;
    readonly encode: (event: Fields) => z.input<Payload>;
  },
): EventEntry<Fields> {
  const { decode, encode } = ways;
  return {
    payload,
    decode: (json, aggregateId) => decode(payload.parse(json), aggregateId),
    encode,
  };
}

/** Event types as named in the log of `stream`: `PARCELS.sent`. */
export type EventTypes<Stream extends string, Event extends Named> = {
  readonly [Type in Event['type']]: `${Stream}.${Type}`;
};

/** The types of the events of `table`, in its order. */
export function typesOf<Stream extends string, Event extends Named>(
  stream: Stream,
  table: EventTable<Event>,
): EventTypes<Stream, Event> {
  const types = Object.keys(table).map((name) => [name, `${stream}.${name}`]);
  return Object.fromEntries(types) as EventTypes<Stream, Event>;
}

/** Half of a surrogate pair, as JSON.stringify writes it. */
const LONE_SURROGATE = /\\ud[89a-f]/;

/**
 * `payload` as JSON without half surrogate pairs, which the event store refuses: a
 * gateway's reason may contain one, and its action must be recorded anyway.
 */
function wellFormedJson(payload: object): string {
  const json = JSON.stringify(payload);
  if (!LONE_SURROGATE.test(json)) return json;
  return JSON.stringify(payload, (_name, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed() : value,
  );
}

/** Turns events into log entries and back. Stateless and safe to share. */
export interface EventCodec<Event> {
  /** Type and payload of `event`. */
  encode(event: Event): { readonly eventType: string; readonly data: string };
  /**
   * The event of a log entry; undefined for an unknown type. Throws CodedError `invalid`
   * (code `unreadable_event`) for a known type whose payload cannot be read.
   */
  decode(entry: {
    readonly eventType: string;
    readonly aggregateId: string;
    readonly data: string;
  }): Event | undefined;
}

/** The codec of the events of `table`, in the log of `stream`; messages call an aggregate `aggregate`. */
export function eventCodec<Event extends Named>(options: {
  readonly stream: string;
  readonly aggregate: string;
  readonly table: EventTable<Event>;
}): EventCodec<Event> {
  const { stream, aggregate, table } = options;
  const entries = Object.entries<EventEntry<object>>(table);
  const byName = new Map(
    entries.map(([name, { encode }]) => [name, { eventType: `${stream}.${name}`, encode }]),
  );
  const byType = new Map(
    entries.map(([name, { decode }]) => [`${stream}.${name}`, { name, decode }]),
  );
  return {
    encode: (event) => {
      const known = byName.get(event.type);
      if (known === undefined) throw new TypeError(`No table tells of the event ${event.type}.`);
      return { eventType: known.eventType, data: wellFormedJson(known.encode(event)) };
    },
    decode: ({ eventType, aggregateId, data }) => {
      const known = byType.get(eventType);
      if (known === undefined) return undefined;
      try {
        // A writer may omit an empty payload.
        const json: unknown = data === '' ? {} : JSON.parse(data);
        return { type: known.name, ...known.decode(json, aggregateId) } as unknown as Event;
      } catch (cause) {
        throw new CodedError(
          'invalid',
          'unreadable_event',
          `The payload of ${eventType} of ${aggregate} ${aggregateId} cannot be read.`,
          {
            cause,
            ...(cause instanceof z.ZodError && { problems: problemsOf(cause.issues, 'it') }),
          },
        );
      }
    },
  };
}
