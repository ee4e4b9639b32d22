/**
 * The backstop for dead letters. When a message reaches its consumer's delivery
 * limit, the broker stops delivering it and says so once, on core NATS. Consumers
 * normally park long before that; this parks what they could not.
 */
import type { Msg } from 'nats';
import { z } from 'zod';
import { background, type Context, withSignal, withTimeLeft } from '../../../shared/kit/context.ts';
import type { Endpoint } from '../../../shared/kit/endpoint.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import { keepSubscribed } from '../../../shared/kit/transport/nats/keep-subscribed.ts';
import type { Nats } from '../../../shared/kit/transport/nats/nats-connection.ts';
import { unlessAborted } from '../../../shared/kit/unless-aborted.ts';
import type { Exhausted, ExhaustedOutcome } from './exhausted.ts';

/** Queue group, so that each advisory goes to one instance of the event store. */
const QUEUE = 'eventstoresvc';
/** Limit for parking one message, in milliseconds. */
const PARK_MS = 10_000;

const advisory = z.object({
  consumer: z.string().min(1),
  stream_seq: z.int().min(1),
  deliveries: z.int().min(0),
});

/**
 * Calls `endpoint` for each message of `stream` that the broker gives up on. An
 * advisory is sent once: it is lost if nobody listens, and lost and logged if
 * parking fails or the log has no such event.
 */
export function advisoryTransport(
  connection: Nats['connection'],
  stream: string,
  endpoint: Endpoint<Exhausted, ExhaustedOutcome>,
  logger: Logger,
): Component {
  const subject = `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${stream}.*`;
  const stopping = new AbortController();

  async function serve(message: Msg): Promise<void> {
    try {
      const { consumer, stream_seq, deliveries } = advisory.parse(message.json());
      const exhausted = { consumer, position: BigInt(stream_seq), deliveries };
      if ((await endpoint(context(stopping.signal), exhausted)) === 'no_event') {
        logger.warn(
          { consumer, position: `${stream_seq}`, deliveries },
          'ignored an exhausted message that is not an event of the log',
        );
      }
    } catch (error) {
      logger.error(
        { err: error, subject: message.subject },
        'an exhausted message could not be parked',
      );
    }
  }

  const kept = keepSubscribed({
    subscribe: async (signal) => {
      const open = await unlessAborted(connection(), signal);
      const subscription = open.subscribe(subject, { queue: QUEUE });
      const ended = (async () => {
        // One at a time: advisories are rare, and NATS buffers the rest.
        for await (const message of subscription) await serve(message);
        return 'the subscription to advisories ended';
      })().catch(String);
      return {
        ended,
        close: async () => {
          subscription.unsubscribe();
          await ended;
        },
      };
    },
    logger: logger.child({ subscription: subject }),
  });

  return {
    name: 'advisories',
    start: async () => kept.start(),
    stop: async () => {
      stopping.abort(new Error('The event store is stopping.'));
      await kept.stop();
    },
  };
}

function context(signal: AbortSignal): Context {
  return withTimeLeft(withSignal(background(), signal), PARK_MS);
}
