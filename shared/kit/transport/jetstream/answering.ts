import type { NatsConnection } from 'nats';
import { CONSUMER_NOT_FOUND } from './durable.ts';
import { apiCode, STREAM_NOT_FOUND } from './jetstream-stream.ts';

/** A question whose server died before answering is asked again after this. */
const REQUEST_MS = 2_000;

/**
 * Resolves once JetStream has answered for each of these consumers; the answer that one
 * of them, or its stream, does not exist counts too. Rejects with the client's own error
 * if nobody answers within two seconds. A ping does not prove this: the connection's
 * server may be healthy while the server that leads the consumer is dead.
 */
export async function jetstreamAnswers(
  connection: NatsConnection,
  stream: string,
  durables: readonly string[],
): Promise<void> {
  const manager = await connection.jetstreamManager({ timeout: REQUEST_MS, checkAPI: false });
  await Promise.all(
    durables.map((durable) =>
      manager.consumers.info(stream, durable).catch((error) => {
        const code = apiCode(error);
        if (code !== CONSUMER_NOT_FOUND && code !== STREAM_NOT_FOUND) throw error;
      }),
    ),
  );
}
