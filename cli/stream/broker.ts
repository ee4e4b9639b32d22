import { connect, ErrorCode, type NatsConnection, NatsError } from 'nats';
import { CodedError } from '../../shared/kit/errors.ts';
import { natsConnectionOptions } from '../../shared/kit/transport/nats/nats-connection.ts';

/**
 * The result of `work` with a connection to NATS, which is closed afterwards and made again
 * when it is lost. `natsUrl` is as for `setting.natsUrl`. Rejects with `unavailable` if no
 * server answers, `precondition_failed` if it refuses the login.
 */
export async function withBroker<T>(
  natsUrl: string,
  work: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const options = natsConnectionOptions(natsUrl, 'ordersctl');
  const connection = await connect(options).catch((cause) => {
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
    return await work(connection);
  } finally {
    await connection.close();
  }
}
