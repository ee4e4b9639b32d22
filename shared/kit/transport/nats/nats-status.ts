import { Events, type NatsConnection } from 'nats';

/** The state of a connection, reported to any number of listeners. */
export interface ConnectionStatus {
  connected(): boolean;
  /** Calls `listener` at each disconnect and reconnect; returns a function that ends this. */
  listen(listener: (connected: boolean) => void): () => void;
  /**
   * Resolves when connected, at once if it is; rejects when the connection is closed for
   * good, or with the signal's reason.
   */
  untilConnected(signal: AbortSignal): Promise<void>;
}

const known = new WeakMap<NatsConnection, ConnectionStatus>();

/**
 * The status of `connection`, the same object each time. The client's own status
 * iterators cannot be closed one by one, so each connection has one, which ends with it.
 * Make the first call while the connection is up, as after `connect`.
 */
export function connectionStatus(connection: NatsConnection): ConnectionStatus {
  const found = known.get(connection);
  if (found !== undefined) return found;
  const made = watch(connection);
  known.set(connection, made);
  return made;
}

function watch(connection: NatsConnection): ConnectionStatus {
  let connected = !connection.isClosed();
  const listeners = new Set<(connected: boolean) => void>();
  const tell = (now: boolean) => {
    connected = now;
    for (const listener of [...listeners]) listener(now);
  };
  void (async () => {
    for await (const { type } of connection.status()) {
      if (type === Events.Disconnect) tell(false);
      if (type === Events.Reconnect) tell(true);
    }
    tell(false);
  })();

  const listen = (listener: (connected: boolean) => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return {
    connected: () => connected && !connection.isClosed(),
    listen,
    untilConnected: (signal) =>
      new Promise((resolve, reject) => {
        if (connected) return resolve();
        if (signal.aborted) return reject(signal.reason);
        const closed = () => reject(new Error('The connection to NATS is closed.'));
        if (connection.isClosed()) return closed();
        const aborted = () => {
          stop();
          reject(signal.reason);
        };
        const stop = listen((now) => {
          if (!now && !connection.isClosed()) return;
          stop();
          signal.removeEventListener('abort', aborted);
          if (now) resolve();
          else closed();
        });
        signal.addEventListener('abort', aborted, { once: true });
      }),
  };
}
