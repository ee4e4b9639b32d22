/** eventstoresvc as a process of its own, as it runs in production, less what the others do not have. */
import { join, resolve } from 'node:path';
import { ORDERS_STREAM } from '../../../shared/contracts/subjects.ts';
import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../../../shared/eventstore/grpc/grpc-event-store.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { freePorts, LOOPBACK } from '../../../stack/ports.ts';
import { startProcess, untilReady } from '../../../stack/process.ts';
import { answers } from '../../../stack/until.ts';

const MAIN = resolve(import.meta.dirname, '../../../services/eventstoresvc/main.ts');
const READY_MS = 30_000;
const CALL_MS = 30_000;

/**
 * Nobody listens there. The service then accepts and reads as ever and its relay
 * waits, so that what is measured beside a store that publishes nothing does not
 * publish either.
 */
const NO_BROKER = `nats://${LOOPBACK}:9`;

export interface ServiceProcess {
  /** Host and port of its gRPC. */
  readonly address: string;
  /** A client on a connection of its own, for the log of a stream that is served, default the first; closed by `stop`, too. */
  connect(stream?: string): EventStore;
  /** May be called twice. */
  stop(): Promise<void>;
}

/** Starts it on a database that is migrated already. Without a broker and without traces. */
export async function startService(
  url: string,
  name: string,
  logFolder: string,
  signal: AbortSignal,
  streams: readonly string[] = [ORDERS_STREAM],
): Promise<ServiceProcess> {
  const [grpcPort, adminPort] = await freePorts(2);
  const child = await startProcess({
    name,
    command: process.execPath,
    args: [MAIN],
    env: {
      PATH: process.env.PATH,
      EVENTSTORE_DATABASE_URL: url,
      NATS_URL: NO_BROKER,
      STREAMS: streams.join(),
      GRPC_PORT: String(grpcPort),
      ADMIN_PORT: String(adminPort),
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_TRACES_SAMPLER: 'always_off',
      LOG_LEVEL: 'warn',
    },
    logFile: join(logFolder, `${name}.log`),
  });
  const ready = (look: AbortSignal) => answers(`http://${LOOPBACK}:${adminPort}/readyz`, look);
  await untilReady(child, ready, { stillMs: READY_MS }, signal);
  const address = `${LOOPBACK}:${grpcPort}`;
  const clients: { stop?(): Promise<void> }[] = [];
  return {
    address,
    connect: (stream = streams[0] ?? ORDERS_STREAM) => {
      const client = createGrpcEventStore({
        address,
        stream,
        timeoutMs: CALL_MS,
        logger: silentLogger,
      });
      clients.push(client);
      return client;
    },
    stop: async () => {
      await Promise.all(clients.splice(0).map((client) => client.stop?.()));
      await child.stop();
    },
  };
}
