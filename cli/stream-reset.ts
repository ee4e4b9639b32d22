import { connect, ErrorCode, NatsError } from 'nats';
import { ORDERS_STREAM } from '../shared/contracts/subjects.ts';
import { CodedError } from '../shared/kit/errors.ts';
import { remakeStream, streamState } from '../shared/kit/transport/jetstream-stream.ts';
import { natsConnectionOptions } from '../shared/kit/transport/nats.ts';

/**
 * Throws the stream away and makes an empty one with `replicas` copies, which a
 * running event store fills from the log. `natsUrl` is what `setting.natsUrl`
 * takes. Resolves with what was removed. Rejects with `unavailable` where no
 * broker answers, `precondition_failed` where it refuses the login.
 */
export async function resetStream(
  natsUrl: string,
  replicas = 1,
): Promise<{ readonly stream: string; readonly messages: bigint }> {
  const options = natsConnectionOptions(natsUrl, 'orders');
  const connection = await connect({ ...options, reconnect: false }).catch((cause) => {
    const at = options.servers.join(', ');
    if (cause instanceof NatsError && cause.code === ErrorCode.AuthorizationViolation) {
      throw new CodedError(
        'precondition_failed',
        'login_refused',
        `The NATS server at ${at} refuses the login.`,
        { cause },
      );
    }
    const message = `No NATS server answers at ${at} → run make start, or name another address with --nats`;
    throw new CodedError('unavailable', 'broker_unavailable', message, { cause });
  });
  try {
    const state = await streamState(connection, ORDERS_STREAM);
    await remakeStream(connection, {
      name: ORDERS_STREAM,
      subjects: [`${ORDERS_STREAM}.*`],
      replicas,
    });
    return { stream: ORDERS_STREAM, messages: state?.messages ?? 0n };
  } finally {
    await connection.close();
  }
}
