import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from 'nats';
import { durables, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { CodedError, isKind } from '../../shared/kit/errors.ts';
import {
  askForCopies,
  type Copies,
  complete,
  missing,
  type StreamCopies,
  streamCopies,
} from '../../shared/kit/transport/jetstream/stream-copies.ts';
import { UsageError } from '../option.ts';
import type { Progress } from '../progress.ts';

/** An even number survives the loss of no more servers than the odd one below it; JetStream keeps five at most. */
const POSSIBLE: readonly number[] = [1, 3, 5];
const LOOK_MS = 250;

/** Throws UsageError for a number of copies that makes no sense. */
export function copiesWanted(text: string): number {
  const wanted = POSSIBLE.find((number) => String(number) === text.trim());
  if (wanted !== undefined) return wanted;
  throw new UsageError(
    `replicas: ${text} is not possible: give 1, 3 or 5. An even number survives the loss of no more servers than the odd one below it, and JetStream keeps at most 5`,
  );
}

/** The stream and its durables as they stand. Rejects with `precondition_failed` if there is none. */
export async function readStream(connection: NatsConnection): Promise<StreamCopies> {
  const found = await streamCopies(connection, ORDERS_STREAM, Object.values(durables));
  if (found === undefined) throw missing(ORDERS_STREAM);
  return found;
}

export interface Scaled {
  /** How many copies there were. */
  readonly before: number;
  /** What stands now. */
  readonly after: StreamCopies;
}

/**
 * Gives the stream `replicas` copies, and waits at most `waitMs` until it and its durables have
 * as many and all have everything. The stream is used meanwhile. May be called again: it goes on
 * waiting. Rejects with `precondition_failed` if there are too few servers, and with `timeout`
 * if copies are not current in time; the change stands then.
 */
export async function scaleStream(
  connection: NatsConnection,
  replicas: number,
  waitMs: number,
  progress: Progress,
): Promise<Scaled> {
  const { replicas: before } = await readStream(connection);
  if (before !== replicas) await askForCopies(connection, ORDERS_STREAM, replicas);
  const end = performance.now() + waitMs;
  for (;;) {
    const seen = await look(connection);
    const all = seen && [seen, ...seen.durables];
    if (seen?.replicas === replicas && all?.every(complete)) return { before, after: seen };
    if (seen) progress.report('copies that have everything', current(seen), replicas);
    if (performance.now() >= end) throw late(replicas, waitMs, seen);
    await delay(LOOK_MS);
  }
}

/** Undefined while nobody answers, as while another server begins to lead. */
async function look(connection: NatsConnection): Promise<StreamCopies | undefined> {
  try {
    return await readStream(connection);
  } catch (error) {
    if (isKind(error, 'unavailable')) return undefined;
    throw error;
  }
}

const current = ({ copies }: Copies): number =>
  copies.filter((copy) => copy.current && !copy.away).length;

function late(replicas: number, waitMs: number, seen: StreamCopies | undefined): CodedError {
  const lacking = (seen?.copies ?? [])
    .filter((copy) => !copy.current || copy.away)
    .map(({ server, away, lag }) => `${server} ${away ? 'does not answer' : `is ${lag} behind`}`);
  const missed = seen?.durables.filter((one) => !complete(one)).map(({ durable }) => durable);
  const why = [
    ...(seen === undefined ? ['nobody answers for it'] : lacking),
    ...(missed?.length ? [`durables are not complete: ${missed.join(', ')}`] : []),
  ].join(', ');
  return new CodedError(
    'timeout',
    'copies_not_current',
    `The stream ${ORDERS_STREAM} is to have ${replicas} copies, but after ${waitMs / 1_000} s not all have everything (${why || 'copies are missing'}). The change stands → npx ordersctl stream show says how far it is; the same command again goes on waiting`,
  );
}
