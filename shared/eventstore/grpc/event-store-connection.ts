import type { Logger } from '../../kit/logger.ts';
import { type Meter, noMeter } from '../../kit/metrics/meter.ts';
import type { Component } from '../../kit/process/lifecycle.ts';
import type { HeartbeatSettings } from '../../kit/transport/grpc/heartbeat.ts';
import { countReplaced } from '../../kit/transport/replaced-streams.ts';
import type { ClientTls } from '../../kit/transport/tls/channel-credentials.ts';
import { type AppendStream, createAppendStream } from './append-stream.ts';
import { createLink, type Link } from './link.ts';

export interface EventStoreConnectionOptions {
  /** Host and port of eventstoresvc; of several processes, separated by commas. */
  readonly address: string;
  /** The stream to append to and read. */
  readonly stream: string;
  /** How long an append may take if its context has no nearer deadline, in milliseconds. */
  readonly timeoutMs: number;
  readonly logger: Logger;
  /** Counts streams that fell silent and were opened again. */
  readonly meter?: Meter;
  readonly heartbeat?: HeartbeatSettings;
  /** Who we are, and who the event store is; default: a plain connection. */
  readonly tls?: ClientTls | undefined;
}

/** A connection to eventstoresvc and the stream of its appends, for one event store or several. */
export interface EventStoreConnection extends Component {
  readonly link: Link;
  readonly appends: AppendStream;
  readonly start: () => Promise<void>;
  readonly notReady: () => string | undefined;
  readonly stop: () => Promise<void>;
}

/** Connects on first use and again by itself. */
export function connectEventStore(options: EventStoreConnectionOptions): EventStoreConnection {
  const { address, stream, meter, tls, ...settings } = options;
  const link = createLink(address, stream, tls);
  const replaced = countReplaced(meter ?? noMeter);
  const appends = createAppendStream(link, { ...settings, onReplaced: () => replaced('append') });
  return {
    name: 'event store connection',
    link,
    appends,
    // Connecting starts at once, so that readiness is right from the first check.
    start: async () => {
      link.connected();
    },
    notReady: () => (link.connected() ? undefined : `the event store at ${address} is away`),
    stop: async () => {
      await appends.close();
      link.close();
    },
  };
}
