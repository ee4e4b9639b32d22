import { AckPolicy, DeliverPolicy, type NatsConnection, nanos } from 'nats';
import { CodedError } from '../../shared/kit/errors.ts';
import { streamState } from '../../shared/kit/transport/jetstream/jetstream-stream.ts';
import type { Published } from './sources.ts';

const PAGE = 1_000;
const FETCH_MS = 10_000;
/** How long the consumer of a killed reader remains. */
const INACTIVE_MS = 30_000;

/** The stream `name` over `connection`. Leaves no consumer behind. */
export function publishedMessages(connection: NatsConnection, name: string): Published {
  return {
    last: async () => (await streamState(connection, name))?.last ?? 0n,

    async *messages(last) {
      const manager = await connection.jetstreamManager({ checkAPI: false });
      const { name: consumerName } = await manager.consumers.add(name, {
        deliver_policy: DeliverPolicy.All,
        ack_policy: AckPolicy.None,
        inactive_threshold: nanos(INACTIVE_MS),
        mem_storage: true,
        num_replicas: 1,
      });
      try {
        const consumer = await connection.jetstream().consumers.get(name, consumerName);
        for (let at = 0n; at < last; ) {
          const before = at;
          let pending = 1;
          const batch = await consumer.fetch({ max_messages: PAGE, expires: FETCH_MS });
          for await (const message of batch) {
            at = BigInt(message.seq);
            pending = message.info.pending;
            yield {
              sequence: at,
              subject: message.subject,
              headers: message.headers,
              data: message.data,
            };
            // Without this it would wait for messages that may never come.
            if (at >= last || pending === 0) break;
          }
          if (pending === 0) return;
          if (at === before) {
            throw new CodedError(
              'unavailable',
              'broker_unavailable',
              `The stream ${name} gave no message after ${at}, of ${last}.`,
            );
          }
        }
      } finally {
        await manager.consumers.delete(name, consumerName).catch(() => undefined);
      }
    },
  };
}
