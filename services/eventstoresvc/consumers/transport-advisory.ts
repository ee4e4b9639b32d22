/**
 * The backstop of dead letters: when a message has been delivered as often as
 * its consumer allows, the broker leaves it lying and says so once, on core
 * NATS. A consumer parks long before that; this keeps what it could not.
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

/** Of all instances of the event store one is told of each. */
const QUEUE = 'eventstoresvc';
/** For parking one, in milliseconds. */
const PARK_MS = 10_000;

const advisory = z.object({
  consumer: z.string().min(1),
  stream_seq: z.int().min(1),
  deliveries: z.int().min(0),
});

/**
 * Calls `endpoint` for each message of `stream` that the broker gives up on.
 * What is said while nobody listens, or while parking fails, is lost to this
 * and logged, as is what the log has no event for: the broker does not repeat
 * itself.
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
        // One at a time: there are hardly any, and NATS keeps the others.
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
