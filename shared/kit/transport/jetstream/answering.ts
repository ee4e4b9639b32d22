import type { NatsConnection } from 'nats';
import { CONSUMER_NOT_FOUND } from './durable.ts';
import { apiCode, STREAM_NOT_FOUND } from './jetstream-stream.ts';

/** A question that its server did not live to answer is asked again after this. */
const REQUEST_MS = 2_000;

/**
 * Resolves once JetStream has answered for each of these consumers; that one of them,
 * or its stream, does not exist is an answer too. Rejects with the client's own error
 * where nobody answers within two seconds. The server that a connection leads to may be
 * well while the server that leads the consumer is dead, so a ping does not tell.
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
