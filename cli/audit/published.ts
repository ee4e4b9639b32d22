import { setTimeout as delay } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, type NatsConnection, nanos } from 'nats';
import { CodedError } from '../../shared/kit/errors.ts';
import { jetstreamManager } from '../../shared/kit/transport/jetstream/durable.ts';
import {
  apiCode,
  STREAM_NOT_FOUND,
  streamState,
} from '../../shared/kit/transport/jetstream/jetstream-stream.ts';
import { retryDelay } from '../../shared/kit/transport/jetstream/messages/retry-delay.ts';
import type { Published } from './sources.ts';
import type { PublishedMessage } from './stream-message.ts';

const PAGE = 1_000;
const FETCH_MS = 10_000;
/** How long the consumer of a killed reader remains. */
const INACTIVE_MS = 30_000;
/** Waits between consumers that give nothing; then the reading ends. */
const AGAIN_MS = [100, 500, 2_000];

/** The stream `name` over `connection`. Leaves no consumer behind. */
export function publishedMessages(connection: NatsConnection, name: string): Published {
  return {
    last: async () => (await streamState(connection, name))?.last ?? 0n,

    async *messages(last) {
      let at = 0n;
      for (let failures = 0; at < last; ) {
        let failure: unknown;
        try {
          for await (const message of read(connection, name, at, last)) {
            at = message.sequence;
            failures = 0;
            yield message;
          }
          return;
        } catch (error) {
          failure = error;
        }
        // The consumer lives on one server of the cluster, and goes or falls silent with it.
        failures++;
        const gone = apiCode(failure) === STREAM_NOT_FOUND || connection.isClosed();
        if (gone || failures > AGAIN_MS.length) {
          throw new CodedError(
            'unavailable',
            'broker_unavailable',
            `The stream ${name} gave no message after ${at}, of ${last}.`,
            { cause: failure },
          );
        }
        await delay(retryDelay(AGAIN_MS, failures));
      }
    },
  };
}

/** The messages after `after`, up to `last`, by one consumer. Rejects if it gives nothing. */
async function* read(
  connection: NatsConnection,
  stream: string,
  after: bigint,
  last: bigint,
): AsyncGenerator<PublishedMessage> {
  const manager = await jetstreamManager(connection);
  const { name } = await manager.consumers.add(stream, {
    ...(after === 0n
      ? { deliver_policy: DeliverPolicy.All }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Number(after + 1n) }),
    ack_policy: AckPolicy.None,
    inactive_threshold: nanos(INACTIVE_MS),
    mem_storage: true,
    num_replicas: 1,
  });
  try {
    const consumer = await connection.jetstream().consumers.get(stream, name);
    for (let at = after; at < last; ) {
      const before = at;
      let pending = 1;
      const batch = await consumer.fetch({ max_messages: PAGE, expires: FETCH_MS });
      for await (const message of batch) {
        at = BigInt(message.seq);
        pending = message.info.pending;
        const { subject, headers, data } = message;
        yield { sequence: at, subject, headers, data };
        // Without this it would wait for messages that may never come.
        if (at >= last || pending === 0) break;
      }
      if (pending === 0) return;
      if (at === before) throw new Error(`consumer ${name} gives nothing`);
    }
  } finally {
    await manager.consumers.delete(stream, name).catch(() => undefined);
  }
}
