/** What a program may be given the right to at the event store. */

/** Each method of proto/eventstore.proto belongs to one kind of work; the server does not compile without. */
export const workOf = {
  getEvents: 'read',
  getAggregates: 'read',
  getEventsStream: 'read',
  getEventsBatches: 'read',
  getHead: 'read',
  getCurrency: 'read',
  getCheckpoint: 'read',
  settleCurrency: 'settle currency',
  createEvent: 'append',
  appendEvents: 'append',
  saveCheckpoint: 'keep places',
  parkDeadLetter: 'consume',
  takeReplays: 'consume',
  resolveReplay: 'consume',
  listCheckpoints: 'look after',
  listDeadLetters: 'look after',
  requestReplay: 'look after',
  closeDeadLetter: 'look after',
  getStanding: 'recover',
  getLostEvents: 'recover',
  recoverLog: 'recover',
  giveUpEvents: 'recover',
  discardLostEvents: 'recover',
} as const;

export type GrpcMethod = keyof typeof workOf;

export type Work = (typeof workOf)[GrpcMethod];

/** Instead of a list of names: all of them. */
export const EVERY = '*';

/** Ids that a program derives by `derivedId(handler, …, purpose)`; nobody else may append them. */
export interface Derivation {
  readonly handler: string;
  /** What they are derived from: the aggregate, or the event that metadata calls the cause. */
  readonly of: 'aggregate' | 'cause';
  readonly purposes: readonly string[];
  /** Purposes that are counted: `void` stands for `void:1`, `void:2`, … */
  readonly counted?: readonly string[];
}

export interface GrpcRights {
  readonly may: readonly Work[];
  /** Types of events. */
  readonly appends: readonly string[];
  /** Types of aggregates that it appends to and reads one by one. */
  readonly aggregates: readonly string[];
  /** Whose checkpoints it saves and whose dead letters it handles. */
  readonly consumers: readonly string[];
  /** EVERY: whatever it likes, for tests. */
  readonly derives: readonly Derivation[] | typeof EVERY;
  /** What it appends is not checked against the schema of its type: for tests of what cannot be read. */
  readonly payloads?: 'unchecked';
  /** The process that it is part of where few are wanted, which may do what each of its services may. */
  readonly joins?: 'workers';
}
