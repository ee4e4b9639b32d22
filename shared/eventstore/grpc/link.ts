import { connectivityState } from '@grpc/grpc-js';
import { EventStoreClient } from '../../../proto/gen/eventstore.ts';
import { channelTo } from '../../kit/transport/grpc/grpc-server.ts';
import {
  type ClientTls,
  channelCredentials,
  tlsChannelOptions,
} from '../../kit/transport/tls/channel-credentials.ts';
import { namingStream } from './stream-name.ts';

/**
 * The way to one event store, of one process or several: a connection to each that can be given
 * up for another.
 */
export interface Link {
  /** The current client. Ask again for each call. */
  client(): EventStoreClient;
  /**
   * Reconnects if `suspect` is still the current client. Running calls on the old connection
   * wait for their deadlines.
   */
  replace(suspect: EventStoreClient): void;
  /** Whether there is a connection; opens one if there is none. */
  connected(): boolean;
  close(): void;
}

/**
 * Connects on first use, and again by itself; each call is about `stream`. `address` is as for
 * `channelTo`.
 */
export function createLink(address: string, stream: string, tls?: ClientTls): Link {
  let client = connect(address, stream, tls);
  let closed = false;
  return {
    client: () => client,
    replace: (suspect) => {
      if (closed || suspect !== client) return;
      client = connect(address, stream, tls);
      client.getChannel().getConnectivityState(true);
      suspect.close();
    },
    connected: () => client.getChannel().getConnectivityState(true) === connectivityState.READY,
    close: () => {
      closed = true;
      client.close();
    },
  };
}

function connect(address: string, stream: string, tls: ClientTls | undefined): EventStoreClient {
  const { target, options } = channelTo(address);
  return new EventStoreClient(target, channelCredentials(tls), {
    ...options,
    ...tlsChannelOptions(tls),
    interceptors: [namingStream(stream)],
    // The longest possible timer: an idle client stays connected.
    'grpc.client_idle_timeout_ms': 2 ** 31 - 1,
    // Otherwise all clients of the process share one connection, and the next
    // client would get the one that was given up.
    'grpc.use_local_subchannel_pool': 1,
  });
}
