import { setTimeout as delay } from 'node:timers/promises';
import { isKind } from '../../shared/kit/errors.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import {
  ensureStream,
  type StreamOptions,
} from '../../shared/kit/transport/jetstream/jetstream-stream.ts';
import { connectNats } from '../../shared/kit/transport/nats/nats-connection.ts';
import { unlessAborted } from '../../shared/kit/unless-aborted.ts';

export interface PrepareStreamOptions {
  readonly url: string;
  /** Shown in the server's list of connections. */
  readonly name: string;
  readonly stream: StreamOptions;
  /** Limit for reaching the server and making the stream. */
  readonly timeoutMs: number;
  readonly logger: Logger;
}

const RETRY_MS = 250;

/**
 * Makes the stream, or verifies the one that exists. Waits for a server that is
 * starting. Rejects as `ensureStream` does, with `unavailable` only when the time
 * is up.
 */
export async function prepareStream(options: PrepareStreamOptions): Promise<void> {
  const nats = connectNats(options);
  const timeUp = AbortSignal.timeout(options.timeoutMs);
  try {
    for (;;) {
      try {
        await ensureStream(await unlessAborted(nats.connection(), timeUp), options.stream);
        return;
      } catch (error) {
        if (timeUp.aborted) throw new Error(nats.notReady() ?? 'time ran out', { cause: error });
        if (!isKind(error, 'unavailable')) throw error;
        await delay(RETRY_MS);
      }
    }
  } finally {
    await nats.stop();
  }
}
