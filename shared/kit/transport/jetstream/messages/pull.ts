import { setTimeout as delay } from 'node:timers/promises';
import { type Msg, type NatsConnection, nanos } from 'nats';
import { connectionStatus } from '../../nats/nats-status.ts';
import { ownInbox } from '../../nats/nkey-login.ts';
import { watchSilence } from '../../silence.ts';
import { type PulledMessage, pulledMessage } from './pulled-message.ts';

export interface PullOptions {
  readonly connection: NatsConnection;
  readonly stream: string;
  /** Name of a pull consumer that exists. */
  readonly consumer: string;
  /** How many messages may be held at once. */
  readonly limit: number;
  /** How many are held now. Never more arrive than fill the limit. */
  readonly held: () => number;
  /** Called for each message, in the order of the stream. Must not throw. */
  readonly onMessage: (message: PulledMessage) => void;
  /** Called when missing heartbeats end it. */
  readonly onSilent?: () => void;
}

/** Keeps requests to a pull consumer open as long as there is room. */
export interface Pull {
  /** Resolves, with the reason, when no more messages will come. Never rejects. */
  readonly ended: Promise<string>;
  /** True while the server owes us messages, so that silence means there are none. */
  waiting(): boolean;
  /** Call it when there is more room. Cheap. */
  refill(): void;
  /** Ends it from our side. */
  end(reason: string): void;
  /**
   * Stops requesting, and resolves when messages in transit have been given to
   * `onMessage`, within a second. May be called twice.
   */
  close(): Promise<void>;
}

/** A request is renewed after this; it only limits how long a forgotten one lives on the server. */
const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 1_000;
/** Missed heartbeats in a row after which the consumer is given up. */
const MAX_MISSED = 3;
const CLOSE_MS = 1_000;

/**
 * Pulls from a consumer until closed or until anything goes wrong: consumer or stream
 * deleted, no answer, missed heartbeats, connection lost. Then it ends and says why
 * instead of repairing itself, so that there is one place that restarts. (The client's
 * `consume` neither ends nor throws when its stream is deleted and recreated, and its
 * `fetch` asks for the next batch only when the last has been filled.)
 */
export function openPull(options: PullOptions): Pull {
  const { connection, limit, held } = options;
  const next = `$JS.API.CONSUMER.MSG.NEXT.${options.stream}.${options.consumer}`;
  const inbox = ownInbox(connection);
  const { promise: ended, resolve: resolveEnded } = Promise.withResolvers<string>();
  let outstanding = 0;
  let open = true;

  function refill(): void {
    if (!open) return;
    const room = limit - held() - outstanding;
    // One request per message would be expensive; requesting when half is used keeps the
    // next ones coming without a pause.
    if (room <= 0 || (outstanding > 0 && room < limit / 2)) return;
    if (outstanding === 0) silence.heard();
    outstanding += room;
    const expires = nanos(EXPIRES_MS);
    const request = { batch: room, expires, idle_heartbeat: nanos(HEARTBEAT_MS) };
    try {
      connection.publish(next, JSON.stringify(request), { reply: inbox });
    } catch (error) {
      end(error instanceof Error ? error.message : String(error));
    }
  }

  function status(message: Msg): void {
    const code = message.headers?.code;
    if (code === 100) return;
    const left = Number(message.headers?.get('Nats-Pending-Messages') || Number.NaN);
    if (code === 408 && left > 0) {
      outstanding -= left;
      refill();
      return;
    }
    // 409: consumer deleted, leader changed, server shut down; 503: nobody there; or
    // something unknown.
    end(code === 503 ? 'no such consumer' : `${code} ${message.headers?.description ?? ''}`.trim());
  }

  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error) return end(error.message);
      silence.heard();
      if (message.subject === inbox) return status(message);
      outstanding--;
      options.onMessage(pulledMessage(message));
      refill();
    },
  });
  const silence = watchSilence({
    everyMs: HEARTBEAT_MS,
    most: MAX_MISSED,
    due: () => outstanding > 0,
    onSilent: () => {
      options.onSilent?.();
      end('heartbeats missed');
    },
  });
  const stopListening = connectionStatus(connection).listen((connected) => {
    if (!connected) end('connection lost');
  });

  function release(reason: string): void {
    open = false;
    silence.stop();
    stopListening();
    resolveEnded(reason);
  }

  function end(reason: string): void {
    if (!open) return;
    release(reason);
    subscription.unsubscribe();
  }

  refill();
  return {
    ended,
    waiting: () => open && outstanding > 0,
    refill,
    end,
    close: async () => {
      if (!open) return;
      release('closed');
      const drained = new AbortController();
      await Promise.race([
        subscription.drain().catch(() => undefined),
        delay(CLOSE_MS, undefined, { signal: drained.signal }).catch(() => undefined),
      ]);
      drained.abort();
    },
  };
}
