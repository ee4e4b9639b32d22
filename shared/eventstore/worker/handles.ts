import type { Delivery } from '../../kit/delivery.ts';
import type { Endpoint, Middleware } from '../../kit/endpoint.ts';
import { CodedError } from '../../kit/errors.ts';
import type { RecordedEvent } from '../event-store.ts';

/** Which events a worker answers: the endpoint for each type, by the type's name in the log. */
export type Handles = Readonly<Record<string, Endpoint<Delivery<RecordedEvent>, unknown>>>;

/** An event to answer. */
export interface Happened<Event> {
  readonly event: Event;
  /** The same event as stored in the log. */
  readonly recorded: RecordedEvent;
  /** As in Delivery. */
  readonly mayBeRepeat: boolean;
}

/** For each type of event that is answered: the endpoint's name, as in spans, logs and metrics, and the endpoint. */
export type Answers<Event extends { readonly type: string }> = {
  readonly [Type in Event['type']]?: readonly [
    name: string,
    endpoint: Endpoint<Happened<Extract<Event, { readonly type: Type }>>, unknown>,
  ];
};

export interface HandlesOptions<Event extends { readonly type: string }> {
  /** The names of all types in the log. */
  readonly types: Readonly<Record<Event['type'], string>>;
  readonly codec: { readonly decode: (recorded: RecordedEvent) => Event | undefined };
  /** The middlewares for an endpoint of that name, outermost first. */
  readonly concerns: (name: string) => Middleware<Delivery>;
}

/**
 * A worker's endpoints from `answers`: each decodes its event inside its middlewares, so an
 * unreadable event is parked like any other poison.
 */
export function handlesOf<Event extends { readonly type: string }>(
  { types, codec, concerns }: HandlesOptions<Event>,
  answers: Answers<Event>,
): Handles {
  const handles = Object.keys(answers).map((key) => {
    const type = key as Event['type'];
    const [name, endpoint] = answers[type] as readonly [string, Endpoint<Happened<Event>, unknown>];
    const decoding: Endpoint<Delivery<RecordedEvent>, unknown> = async (ctx, delivery) => {
      const { body: recorded, mayBeRepeat } = delivery;
      const event = codec.decode(recorded);
      if (event?.type !== type) throw unexpected(name, types[type], recorded);
      return endpoint(ctx, { event, recorded, mayBeRepeat });
    };
    return [types[type], concerns(name)(decoding)];
  });
  return Object.fromEntries(handles);
}

const unexpected = (name: string, type: string, { eventType }: RecordedEvent) =>
  new CodedError(
    'invalid',
    'unexpected_event',
    `The endpoint ${name} answers ${type}, not ${eventType}.`,
  );

/**
 * One endpoint for everything that a worker handles. An event of a type that it does not
 * handle goes to `others`, because the consumer has it from another release. Passed over are
 * other aggregate types, because other writers may use our types for other things, and the
 * log's event in the place of a foreign message, which may have any type.
 */
export function dispatching(
  handles: Handles,
  aggregateType: string,
  others: Endpoint<Delivery<RecordedEvent>, unknown>,
): Endpoint<Delivery<RecordedEvent>, unknown> {
  const endpoints = new Map(Object.entries(handles));
  return async (ctx, delivery) => {
    const { body, subject = body.eventType } = delivery;
    if (body.aggregateType !== aggregateType) return undefined;
    const endpoint = endpoints.get(body.eventType);
    if (endpoint !== undefined) return endpoint(ctx, delivery);
    return subject === body.eventType ? others(ctx, delivery) : undefined;
  };
}
