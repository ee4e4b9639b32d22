/** The one place that judges, by the caller's rights, what stands in a request. */

import type { NewEvent, ServedEventStore } from '../../../shared/eventstore/event-store.ts';
import { EVERY, type GrpcRights } from '../../../shared/eventstore/grpc/store-rights.ts';
import type { LogRecovery } from '../../../shared/eventstore/log-recovery.ts';
import type { Context } from '../../../shared/kit/context.ts';
import type { Endpoint } from '../../../shared/kit/endpoint.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { isOwnId } from './own-ids.ts';
import { checkPayloads } from './payloads.ts';
import type { RightsTable } from './table.ts';

type Judge<Request> = (rights: GrpcRights, request: Request) => void;

/** For each method what is judged beside its name; undefined: nothing. A new one does not compile without. */
type Judges<Service> = {
  readonly [Method in keyof Service]: Service[Method] extends Endpoint<infer Request, unknown>
    ? Judge<Request> | undefined
    : undefined;
};

const ofConsumer: Judge<{ readonly consumer: string }> = ({ consumers }, { consumer }) => {
  if (includes(consumers, consumer)) return;
  throw notPermitted(`the consumer ${consumer}`);
};

const ofAggregates: Judge<readonly { readonly aggregateType: string }[]> = (rights, asked) => {
  for (const { aggregateType } of asked) {
    if (includes(rights.aggregates, aggregateType)) continue;
    throw notPermitted(`aggregates of the type ${aggregateType}`);
  }
};

const ofEvents: Judge<readonly NewEvent[]> = (rights, events) => {
  ofAggregates(rights, events);
  for (const { eventType } of events) {
    if (!includes(rights.appends, eventType)) throw notPermitted(`events ${eventType}`);
  }
};

const judges: Judges<Omit<ServedEventStore, 'readAggregate' | 'recentAggregate'>> = {
  append: (rights, { events }) => {
    ofEvents(rights, events);
    for (const event of events) {
      if (!isOwnId(rights.derives, event)) throw notPermitted(`the id ${event.eventId}`);
    }
    if (rights.payloads !== 'unchecked') checkPayloads(events);
  },
  readAggregates: ofAggregates,
  read: undefined,
  stream: undefined,
  batches: undefined,
  head: undefined,
  currency: undefined,
  settleCurrency: undefined,
  saveCheckpoint: ofConsumer,
  getCheckpoint: undefined,
  listCheckpoints: undefined,
  park: ofConsumer,
  deadLetters: undefined,
  requestReplay: ofConsumer,
  takeReplays: ofConsumer,
  resolveReplay: ofConsumer,
  closeLetter: ofConsumer,
};

/** An event store that refuses with `forbidden` what its caller has no right to. */
export const authorizingService = (next: ServedEventStore, table: RightsTable): ServedEventStore =>
  judged(next, judges as Judges<ServedEventStore>, table);

/** The same for the recovery of the log. */
export const authorizingRecovery = (next: LogRecovery, table: RightsTable): LogRecovery =>
  judged(
    next,
    {
      standing: undefined,
      lostEvents: undefined,
      recover: undefined,
      giveUp: (rights, { events }) => ofEvents(rights, events),
      discard: undefined,
    },
    table,
  );

function judged<Service extends object>(
  next: Service,
  judges: Judges<Service>,
  table: RightsTable,
): Service {
  const wrapped = Object.entries(judges).flatMap(([method, judge]) => {
    if (judge === undefined) return [];
    const endpoint = next[method as keyof Service] as Endpoint<unknown, unknown>;
    const guarded: Endpoint<unknown, unknown> = async (ctx: Context, request) => {
      // Without certificates nobody is asked who he is.
      if (ctx.peer === undefined) return endpoint(ctx, request);
      const rights = table.of(ctx.peer);
      if (rights === undefined) throw notPermitted(method);
      (judge as Judge<unknown>)(rights, request);
      return endpoint(ctx, request);
    };
    return [[method, guarded] as const];
  });
  return { ...next, ...Object.fromEntries(wrapped) };
}

const includes = (names: readonly string[], name: string): boolean =>
  names.includes(name) || names.includes(EVERY);

const notPermitted = (text: string): CodedError =>
  new CodedError('forbidden', 'not_permitted', `The caller has no right to ${text}.`);
