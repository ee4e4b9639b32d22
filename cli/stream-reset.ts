import { connect } from 'nats';
import { ORDERS_STREAM } from '../shared/contracts/subjects.ts';
import { CodedError } from '../shared/kit/errors.ts';
import { remakeStream, streamState } from '../shared/kit/transport/jetstream-stream.ts';

const CONNECT_MS = 5_000;

/**
 * Throws the stream away and makes an empty one, which a running event store
 * fills from the log. Resolves with what was removed. Rejects with `unavailable`
 * where no broker answers.
 */
export async function resetStream(
  natsUrl: string,
): Promise<{ readonly stream: string; readonly messages: bigint }> {
  const address = new URL(natsUrl);
  const connection = await connect({
    servers: address.host,
    ...(address.username !== '' && {
      user: decodeURIComponent(address.username),
      pass: decodeURIComponent(address.password),
    }),
    timeout: CONNECT_MS,
    reconnect: false,
  }).catch((cause) => {
    throw new CodedError(
      'unavailable',
      'broker_unavailable',
      `No NATS server answers at ${address.host}.`,
      { cause },
    );
  });
  try {
    const state = await streamState(connection, ORDERS_STREAM);
    await remakeStream(connection, {
      name: ORDERS_STREAM,
      subjects: [`${ORDERS_STREAM}.*`],
      replicas: 1,
    });
    return { stream: ORDERS_STREAM, messages: state?.messages ?? 0n };
  } finally {
    await connection.close();
  }
}
