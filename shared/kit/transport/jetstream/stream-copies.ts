import type { ClusterInfo, ConsumerInfo, NatsConnection } from 'nats';
import { CodedError } from '../../errors.ts';
import {
  apiCode,
  inCodedErrors,
  managerOf,
  type StreamState,
  streamFound,
  streamStateOf,
} from './jetstream-stream.ts';

/** One copy, as the leader sees it. */
export interface Copy {
  /** The server's name; empty for a server without a cluster, which has the only one. */
  readonly server: string;
  readonly leads: boolean;
  /** It has all that is acknowledged. */
  readonly current: boolean;
  /** Its server does not answer the leader. */
  readonly away: boolean;
  /** How much it is behind: messages, or steps of what led to them. */
  readonly lag: number;
}

/** The copies of a stream or of a durable. */
export interface Copies {
  /** How many there are to be. */
  readonly replicas: number;
  /** Undefined while nobody leads, as during an election. */
  readonly leader: string | undefined;
  /** The leader's first. */
  readonly copies: readonly Copy[];
}

export interface StreamCopies extends Copies {
  readonly stream: string;
  readonly state: StreamState;
  /** Of the durables that were asked about and exist. */
  readonly durables: readonly (Copies & { readonly durable: string })[];
}

/** JetStream's codes for a number of copies that its servers cannot keep. */
const TOO_FEW: readonly (number | undefined)[] = [
  10005, // No suitable peers for placement.
  10023, // Insufficient resources.
  10074, // Replicas > 1 not supported in non-clustered mode.
];
const CONSUMER_NOT_FOUND = 10014;

/**
 * Where the copies of `stream` and of `durables` are, and which have everything; undefined if
 * there is no such stream. Durables that do not exist are left out. Rejects with `unavailable`
 * while nobody answers.
 */
export function streamCopies(
  connection: NatsConnection,
  stream: string,
  durables: readonly string[],
): Promise<StreamCopies | undefined> {
  return inCodedErrors(async () => {
    const manager = await managerOf(connection);
    const info = await streamFound(manager, stream);
    if (info === undefined) return undefined;
    const replicas = info.config.num_replicas;
    const found = await Promise.all(
      durables.map((durable) =>
        manager.consumers.info(stream, durable).catch((error: unknown) => {
          if (apiCode(error) !== CONSUMER_NOT_FOUND) throw error;
          return undefined;
        }),
      ),
    );
    return {
      stream,
      state: streamStateOf(info),
      ...copiesIn(replicas, info.cluster),
      durables: found
        .filter((one) => one !== undefined)
        .map((one) => ({ durable: one.name, ...copiesIn(ownOr(replicas, one), one.cluster) })),
    };
  });
}

/**
 * Asks for `replicas` copies of `stream`, which goes on meanwhile; its durables get as many,
 * unless they have a number of their own. Resolves when the servers have taken it: new copies
 * are filled after that. May be called again. Rejects with `precondition_failed` if there are
 * too few servers, or no such stream; then nothing has changed.
 */
export function askForCopies(
  connection: NatsConnection,
  stream: string,
  replicas: number,
): Promise<void> {
  return inCodedErrors(async () => {
    const manager = await managerOf(connection);
    if ((await streamFound(manager, stream)) === undefined) throw missing(stream);
    try {
      await manager.streams.update(stream, { num_replicas: replicas });
    } catch (error) {
      if (!TOO_FEW.includes(apiCode(error))) throw error;
      throw new CodedError(
        'precondition_failed',
        'too_few_servers',
        `The stream ${stream} cannot have ${replicas} copies: each needs a server of its own with JetStream and room, and NATS says "${(error as Error).message}" → start more servers of one cluster, or ask for fewer copies`,
        { cause: error },
      );
    }
  });
}

/** There is no such stream. */
export const missing = (stream: string): CodedError =>
  new CodedError(
    'precondition_failed',
    'no_stream',
    `There is no stream ${stream} → start eventstoresvc, which makes it, or name another NATS server`,
  );

/** Whether there are as many copies as there are to be, and each has everything. */
export const complete = ({ replicas, leader, copies }: Copies): boolean =>
  leader !== undefined &&
  copies.length === replicas &&
  copies.every(({ current, away }) => current && !away);

/** A durable without a number of its own has that of its stream. */
const ownOr = (replicas: number, { config }: ConsumerInfo): number =>
  config.num_replicas || replicas;

function copiesIn(replicas: number, cluster: ClusterInfo | undefined): Copies {
  // A server without a cluster tells nothing of copies.
  const leader = cluster === undefined ? '' : cluster.leader || undefined;
  const leading = { leads: true, current: true, away: false, lag: 0 };
  return {
    replicas,
    leader,
    copies: [
      ...(leader === undefined ? [] : [{ server: leader, ...leading }]),
      ...(cluster?.replicas ?? []).map(({ name, current, offline, lag }) => ({
        server: name,
        leads: false,
        current,
        away: offline === true,
        lag: lag ?? 0,
      })),
    ],
  };
}
