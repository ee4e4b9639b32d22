/** The recovery of the log across the network. */
import { LogRecoveryClient } from '../../../proto/gen/eventstore.ts';
import { callServerStream, callUnary, channelTo } from '../../kit/transport/grpc/grpc-server.ts';
import {
  type ClientTls,
  channelCredentials,
  tlsChannelOptions,
} from '../../kit/transport/tls/channel-credentials.ts';
import type { LogRecovery, StandingKind } from '../log-recovery.ts';
import { namingStream } from './stream-name.ts';
import { newEventToWire, recordedFromWire } from './wire.ts';

export interface GrpcLogRecoveryOptions {
  /** As in EventStoreConnectionOptions; of several, one is asked. */
  readonly address: string;
  /** The stream's name. */
  readonly stream: string;
  /** For a call that answers once, in milliseconds. */
  readonly timeoutMs: number;
  /** As in EventStoreConnectionOptions. */
  readonly tls?: ClientTls | undefined;
}

/** How long a whole tail may take, in milliseconds. */
const STREAM_TIMEOUT_MS = 60 * 60_000;

/** Connects on first use. The creator closes it. */
export function createGrpcLogRecovery({
  address,
  stream,
  timeoutMs,
  tls,
}: GrpcLogRecoveryOptions): LogRecovery & { close(): void } {
  // Each process judges for itself how its log stands, so one is asked to the end.
  const { target, options } = channelTo(address, { balance: false });
  const client = new LogRecoveryClient(target, channelCredentials(tls), {
    ...options,
    ...tlsChannelOptions(tls),
    interceptors: [namingStream(stream)],
  });
  const call = (method: string) => ({ name: `eventstore.LogRecovery/${method}`, timeoutMs });
  const whole = (method: string) => ({ ...call(method), timeoutMs: STREAM_TIMEOUT_MS });
  return {
    standing: async (ctx) => {
      const { kind, ...rest } = await callUnary(
        client.getStanding.bind(client),
        {},
        ctx,
        call('GetStanding'),
      );
      return { ...rest, kind: kind as StandingKind };
    },

    lostEvents: async (ctx) => {
      const answers = callServerStream(
        client.getLostEvents.bind(client),
        {},
        ctx,
        whole('GetLostEvents'),
      );
      return mapped(answers, ({ events }) => events.map(recordedFromWire));
    },

    recover: async (ctx) => {
      const answers = callServerStream(
        client.recoverLog.bind(client),
        {},
        ctx,
        whole('RecoverLog'),
      );
      return mapped(answers, ({ position }) => position);
    },

    giveUp: async (ctx, { agreed, streamLast, events }) => {
      await callUnary(
        client.giveUpEvents.bind(client),
        { agreed, streamLast, events: events.map((event) => newEventToWire(event, stream)) },
        ctx,
        call('GiveUpEvents'),
      );
    },

    discard: async (ctx, { agreed, streamLast, resumeAfter }) => {
      await callUnary(
        client.discardLostEvents.bind(client),
        { agreed, streamLast, resumeAfter },
        ctx,
        call('DiscardLostEvents'),
      );
    },

    close: () => client.close(),
  };
}

async function* mapped<Answer, Item>(
  answers: AsyncIterable<Answer>,
  item: (answer: Answer) => Item,
): AsyncGenerator<Item, void, undefined> {
  for await (const answer of answers) yield item(answer);
}
