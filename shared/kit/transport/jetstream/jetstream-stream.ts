import {
  DiscardPolicy,
  type JetStreamManager,
  type NatsConnection,
  NatsError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from 'nats';
import { CodedError } from '../../errors.ts';

/** What differs between streams; the rest is the same for all of ours. */
export interface StreamOptions {
  readonly name: string;
  readonly subjects: readonly string[];
  /**
   * How many copies there are at least: 1 on a single server, 3 on a cluster. A stream that has
   * more keeps them.
   */
  readonly replicas: number;
}

/** The content of a stream, as the server reports it. */
export interface StreamState {
  readonly messages: bigint;
  /** Sequence of the first message; 0n, or one after the last, in an empty stream. */
  readonly first: bigint;
  /** Sequence of the last message; 0n in a stream that never had one. */
  readonly last: bigint;
}

const REQUEST_MS = 5_000;
/** The server's minimum. The expected sequence prevents duplicates instead. */
const DUPLICATE_WINDOW_NS = 100_000_000;
/** JetStream's error code for a stream that does not exist. */
export const STREAM_NOT_FOUND = 10059;
const NAME_IN_USE = 10058;

/**
 * Creates the stream, or verifies and repairs the existing one: files, no limits, nothing
 * can be deleted from it. Safe when several run at once. Returns the stream's state read
 * *after* that, because a new stream may hold messages: a damaged one can come back with
 * its old content.
 *
 * Rejects with CodedError `precondition_failed` / `stream_mismatch` if a stream of that
 * name differs in something that no server can change, naming the difference and the
 * remedy; `unavailable` / `broker_unavailable` otherwise.
 */
export async function ensureStream(
  connection: NatsConnection,
  options: StreamOptions,
): Promise<StreamState> {
  const { state, unfit } = await repairStream(connection, options);
  if (unfit !== undefined) throw mismatch(options.name, unfit);
  return state;
}

/**
 * Like `ensureStream`, but returns a difference that no server can change, as `unfit`,
 * rather than reject: an empty stream may be recreated.
 */
export async function repairStream(
  connection: NatsConnection,
  options: StreamOptions,
): Promise<{ readonly state: StreamState; readonly unfit: string | undefined }> {
  return inCodedErrors(async () => {
    const manager = await managerOf(connection);
    // The second round is for the loser of a race to create it.
    for (let round = 1; ; round++) {
      const found = await streamFound(manager, options.name);
      const wanted = configOf(atLeastAsMany(options, found));
      try {
        const unfit = found && unchangeable(found, wanted);
        if (found === undefined) await manager.streams.add(wanted);
        else if (unfit === undefined) await repair(manager, found, wanted);
        return { state: await readState(manager, options.name), unfit };
      } catch (error) {
        const lostRace = apiCode(error) === NAME_IN_USE || apiCode(error) === STREAM_NOT_FOUND;
        if (!lostRace || round === 3) throw error;
      }
    }
  });
}

/**
 * Deletes the stream with its messages and durables, and creates it again. Only for a
 * stream that is a copy and will be filled again. It has as many copies as before, or as the
 * options say if those are more. Returns the state after that; judge it before filling.
 */
export async function remakeStream(
  connection: NatsConnection,
  options: StreamOptions,
): Promise<StreamState> {
  const again = await inCodedErrors(async () => {
    const manager = await managerOf(connection);
    const found = await streamFound(manager, options.name);
    await manager.streams.delete(options.name).catch((error) => {
      if (apiCode(error) !== STREAM_NOT_FOUND) throw error;
    });
    return atLeastAsMany(options, found);
  });
  return ensureStream(connection, again);
}

/** The stream's state; undefined if there is no such stream. Errors as in `ensureStream`. */
export function streamState(
  connection: NatsConnection,
  name: string,
): Promise<StreamState | undefined> {
  return inCodedErrors(async () => {
    const info = await streamFound(await managerOf(connection), name);
    return info && streamStateOf(info);
  });
}

/** An operator has given it more copies than services are told of, which must not take them away. */
const atLeastAsMany = (options: StreamOptions, found: StreamInfo | undefined): StreamOptions => ({
  ...options,
  replicas: Math.max(options.replicas, found?.config.num_replicas ?? 1),
});

function configOf({ name, subjects, replicas }: StreamOptions) {
  return {
    name,
    subjects: [...subjects],
    num_replicas: replicas,
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_msgs: -1,
    max_bytes: -1,
    max_age: 0,
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    max_consumers: -1,
    duplicate_window: DUPLICATE_WINDOW_NS,
    deny_delete: true,
    deny_purge: true,
    allow_rollup_hdrs: false,
    // A replica that is behind may answer a direct read.
    allow_direct: false,
    sealed: false,
  } satisfies Partial<StreamConfig>;
}

/** What a server refuses to change in a stream that exists. */
const immutable = ['storage', 'retention', 'sealed', 'max_consumers'] as const;

type WantedConfig = ReturnType<typeof configOf>;

const differences = (found: StreamConfig, wanted: WantedConfig) =>
  (Object.keys(wanted) as (keyof WantedConfig)[]).filter((key) => !same(found[key], wanted[key]));

/** Why no update makes the stream what is wanted; undefined if one can. */
function unchangeable({ config: found }: StreamInfo, wanted: WantedConfig): string | undefined {
  const different = differences(found, wanted);
  const fixed: string[] = immutable
    .filter((key) => different.includes(key))
    .map((key) => `${key} is ${found[key]} and must be ${wanted[key]}`);
  if (found.mirror !== undefined) fixed.push('it mirrors another stream');
  if ((found.sources ?? []).length > 0) fixed.push('it gathers from other streams');
  return fixed.length > 0 ? fixed.join(', ') : undefined;
}

async function repair(
  manager: JetStreamManager,
  { config: found }: StreamInfo,
  wanted: WantedConfig,
): Promise<void> {
  const different = differences(found, wanted);
  if (different.length === 0) return;
  try {
    await manager.streams.update(wanted.name, wanted);
  } catch (error) {
    if (apiCode(error) === undefined || apiCode(error) === STREAM_NOT_FOUND) throw error;
    throw mismatch(wanted.name, `${different.join(', ')}: ${(error as Error).message}`, error);
  }
}

const same = (a: unknown, b: unknown) => JSON.stringify(a ?? false) === JSON.stringify(b);

function mismatch(name: string, what: string, cause?: unknown): CodedError {
  return new CodedError(
    'precondition_failed',
    'stream_mismatch',
    `The stream ${name} exists and cannot be used: ${what}. Delete it (it is a copy, and is filled from the log again), or name another server.`,
    { cause },
  );
}

/** What the server says of a stream; undefined if there is no such stream. */
export async function streamFound(
  manager: JetStreamManager,
  name: string,
): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (apiCode(error) === STREAM_NOT_FOUND) return undefined;
    throw error;
  }
}

async function readState(manager: JetStreamManager, name: string): Promise<StreamState> {
  return streamStateOf(await manager.streams.info(name));
}

/** The content, of what the server says. */
export function streamStateOf({ state }: StreamInfo): StreamState {
  return {
    messages: BigInt(state.messages),
    first: BigInt(state.first_seq),
    last: BigInt(state.last_seq),
  };
}

/** For requests about streams, each with a limit. */
export const managerOf = (connection: NatsConnection) =>
  connection.jetstreamManager({ timeout: REQUEST_MS, checkAPI: false });

/** JetStream's own error number; undefined if the server did not answer with one. */
export function apiCode(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined;
}

/** `work`, whose failures that have no code are `broker_unavailable`. */
export async function inCodedErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw new CodedError(
      'unavailable',
      'broker_unavailable',
      `JetStream refused a request: ${error instanceof Error ? error.message : error}`,
      { cause: error },
    );
  }
}
