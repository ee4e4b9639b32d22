import { headers, type NatsConnection } from 'nats';
import type { Delivery } from '../kit/delivery.ts';
import { silentLogger } from '../kit/logger.ts';
import { noMeter } from '../kit/metrics/meter.ts';
import type { JetstreamConsumerOptions } from '../kit/transport/jetstream/jetstream-consumer.ts';

/** What a test message carries: which key it belongs to, and its number. */
export interface Numbered {
  readonly key: string;
  readonly n: number;
}

export const TEST_STREAM = { name: 'RIG', subjects: ['RIG.*'], replicas: 1 } as const;

/** Publishes messages first … last, of the key that `key` gives each; resolves when all are stored. */
export async function publishNumbers(
  connection: NatsConnection,
  first: number,
  last: number,
  key: (n: number) => string = String,
  subject = 'RIG.number',
): Promise<void> {
  const js = connection.jetstream();
  for (let n = first; n <= last; n++) {
    const header = headers();
    header.set('ce-id', `id-${n}`);
    header.set('ce-correlationid', `correlation-${n}`);
    header.set('traceparent', `trace-${n}`);
    await js.publish(subject, JSON.stringify({ key: key(n), n }), { headers: header });
  }
}

/** Options of a consumer of those messages, quick enough for tests; each can be overridden. */
export function consumerOptions(
  connection: () => Promise<NatsConnection>,
  endpoint: (delivery: Delivery<Numbered>, signal: AbortSignal) => Promise<unknown>,
  overrides: Partial<JetstreamConsumerOptions<Numbered>> = {},
): JetstreamConsumerOptions<Numbered> {
  return {
    connection,
    stream: TEST_STREAM.name,
    durable: 'rig-worker',
    decode: (message) => JSON.parse(new TextDecoder().decode(message.data)),
    key: (body) => body.key,
    endpoint: (ctx, delivery) => endpoint(delivery, ctx.signal),
    resumeAfter: async () => 0n,
    head: async () => 0n,
    maxInFlight: 16,
    ackWaitMs: 30_000,
    maxDeliver: 5,
    retryDelaysMs: [50],
    stopWaitMs: 1_000,
    logger: silentLogger,
    meter: noMeter,
    ...overrides,
  };
}
