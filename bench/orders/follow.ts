/** Orders' ends, as the stream tells of them. */
import { eventTypes } from '../../shared/contracts/events.ts';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import type { StreamMessage } from '../../shared/kit/transport/jetstream/jetstream-consumer.ts';
import { streamState } from '../../shared/kit/transport/jetstream/jetstream-stream.ts';
import { readStream } from '../../shared/kit/transport/jetstream/reader.ts';
import { connectNats } from '../../shared/kit/transport/nats/nats-connection.ts';
import { unlessAborted } from '../../shared/kit/unless-aborted.ts';
import { SetupProblem } from '../../stack/problem.ts';
import type { Ending } from './journeys.ts';

/** Tells of each order that ends from now on, until it is stopped. */
export type Follow = (
  onEnded: (orderId: string, how: Ending, at: number) => void,
) => Promise<{ readonly stop: () => Promise<void> }>;

/** A stream that tells of orders' ends. */
export interface EndingsStream {
  readonly name: string;
  /** By subject; others end nothing. */
  readonly endings: Readonly<Record<string, Ending>>;
  readonly orderIdOf: (message: StreamMessage) => string;
}

export const ordersEndings: EndingsStream = {
  name: ORDERS_STREAM,
  endings: {
    [eventTypes.approved]: 'Approved',
    [eventTypes.rejected]: 'Rejected',
    [eventTypes.cancelled]: 'Cancelled',
    [eventTypes.paymentfailed]: 'PaymentFailed',
  },
  orderIdOf: ({ headers }) => headers?.get('ce-subject') ?? '',
};

const CONNECT_MS = 5_000;
const MAX_BATCH = 1_000;

/**
 * Reads the stream from its end of now and tells of each order that ends: exact,
 * and next to nothing compared with asking for each order over HTTP. Resolves
 * once reading has its place; `stop` ends it. Throws a `SetupProblem` where NATS
 * or the stream is not there.
 */
export async function followEndings(
  url: string,
  { name, endings, orderIdOf }: EndingsStream,
  onEnded: Parameters<Follow>[0],
): ReturnType<Follow> {
  const nats = connectNats({ url, name: 'bench-orders', logger: silentLogger });
  try {
    const connection = await unlessAborted(nats.connection(), AbortSignal.timeout(CONNECT_MS));
    const state = await streamState(connection, name);
    if (state === undefined) throw new Error(`there is no stream ${name}`);
    const done = new AbortController();
    const reader = readStream({
      connection: nats.connection,
      stream: name,
      startAfter: state.last,
      maxBatch: MAX_BATCH,
      signal: done.signal,
      logger: silentLogger,
    });
    const reading = (async () => {
      for await (const batch of reader) {
        const at = performance.now();
        for (const message of batch) {
          const how = endings[message.subject];
          if (how !== undefined) onEnded(orderIdOf(message), how, at);
        }
      }
    })();
    return {
      stop: async () => {
        done.abort();
        await reading;
        await nats.stop();
      },
    };
  } catch (cause) {
    const why = nats.notReady() ?? (cause as Error).message;
    await nats.stop();
    throw new SetupProblem(
      `the stream cannot be read (${why})`,
      'set NATS_URL to the stack’s NATS',
      {
        cause,
      },
    );
  }
}
