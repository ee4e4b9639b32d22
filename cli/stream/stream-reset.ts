import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { createGrpcLogRecovery } from '../../shared/eventstore/grpc/grpc-log-recovery.ts';
import { background } from '../../shared/kit/context.ts';
import { CodedError, codedError, isMachineryFailure } from '../../shared/kit/errors.ts';
import {
  remakeStream,
  streamState,
} from '../../shared/kit/transport/jetstream/jetstream-stream.ts';
import { operatorTls } from '../event-store-tls.ts';
import { withBroker } from './broker.ts';

/**
 * Asks the event store at `address` whether the log has everything that the stream has.
 * Rejects with `precondition_failed` if not, because then the stream is the only copy; and
 * with `unavailable` if it cannot tell.
 */
export async function checkIsCopy(address: string): Promise<void> {
  const recovery = createGrpcLogRecovery({
    address,
    stream: ORDERS_STREAM,
    timeoutMs: ASK_MS,
    tls: operatorTls(address),
  });
  try {
    const { kind, why } = await recovery.standing(background());
    if (kind !== 'behind' && kind !== 'differs') return;
    throw new CodedError(
      'precondition_failed',
      'only_copy',
      `The stream holds events that the log has lost: ${why} → npx ordersctl log recover writes them back, and with --discard gives them up; --force deletes them`,
    );
  } catch (cause) {
    if (!isMachineryFailure(cause)) throw cause;
    throw new CodedError(
      'unavailable',
      'event_store_away',
      `The event store at ${address} cannot say whether the log has everything that the stream has: ${codedError(cause).message} → start it, or name it with --eventstore; --force skips the check`,
      { cause },
    );
  } finally {
    recovery.close();
  }
}

const ASK_MS = 10_000;

/**
 * Deletes the stream and creates an empty one, which a running event store fills from the log.
 * It has as many copies as before, or `replicas` if those are more. Resolves with what was
 * removed. Rejects as `withBroker` does.
 */
export function resetStream(
  natsUrl: string,
  replicas = 1,
): Promise<{ readonly stream: string; readonly messages: bigint }> {
  return withBroker(natsUrl, async (connection) => {
    const state = await streamState(connection, ORDERS_STREAM);
    await remakeStream(connection, {
      name: ORDERS_STREAM,
      subjects: [`${ORDERS_STREAM}.*`],
      replicas,
    });
    return { stream: ORDERS_STREAM, messages: state?.messages ?? 0n };
  });
}
