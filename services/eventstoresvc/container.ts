import { fileURLToPath } from 'node:url';
import { degradedInstead } from '../../shared/kit/process/degraded.ts';
import type { Runnable } from '../../shared/kit/process/run-service.ts';
import { type GrpcService, grpcServer } from '../../shared/kit/transport/grpc/grpc-server.ts';
import { type TlsFiles, tlsIdentity } from '../../shared/kit/transport/tls/tls-files.ts';
import {
  asConfigured,
  assemble,
  bindDatabase,
  bindNats,
  createServiceContainer,
} from '../composition.ts';
import type { Config } from './config.ts';
import { parkedLetters } from './consumers/parked-letters.ts';
import { byStream } from './grpc/by-stream.ts';
import { createLogContainer, type LogParts, shared } from './log-container.ts';
import { rightsTable } from './rights/table.ts';
import { createReaders } from './service.ts';

/** The service, as main runs it and tests inspect it. */
export interface App extends Runnable {
  /** Ports in use, once started. With port 0 the system chose them. */
  ports(): { readonly grpc: number; readonly admin: number };
}

const PROTO = fileURLToPath(new URL('../../proto/eventstore.proto', import.meta.url));

/**
 * Builds eventstoresvc, inside out. At the core is the log in SQL. Group commit
 * writes to it over its own connection and rings a bell after each commit, which
 * wakes the relay. The service implements the event store's interface on the log;
 * its middlewares check each request, keep the trace with each event, count, and log
 * dead letters. Each method becomes an endpoint, wrapped in the middlewares of every
 * request. Outermost are gRPC and, beside it, the transport for messages that the
 * broker gave up on. The relay reads the log and publishes. It stops before the
 * broker's connection does, and group commit drains before the databases close.
 */
export function createContainer(config: Config): App {
  const container = createServiceContainer(config);
  bindDatabase(container, config, config.databaseTimeoutMs, { planOnce: true });
  bindNats(container, config);

  container.bind(shared.rights).toConstantValue(rightsTable(config.furtherRights));
  container.bind(shared.readers).toConstantValue(createReaders(config.databasePoolSize));
  const logs = new Map(
    config.streams.map((stream) => [stream, createLogContainer(container, config, stream)]),
  );
  const parts = [...logs.values()];
  const routed = (service: (log: LogParts) => GrpcService) =>
    byStream(new Map([...logs].map(([stream, log]) => [stream, service(log)])));
  const grpc = grpcServer({
    host: config.bindAddress,
    port: config.grpcPort,
    services: [routed(({ eventStore }) => eventStore), routed(({ recovery }) => recovery)],
    // Other machines are told nothing about it but what it does for them.
    ...(config.mode === 'local' && { protoPath: PROTO }),
    authorize: container.get(shared.rights).refusal,
    tls: config.tls && asConfigured(() => tlsIdentity(config.tls as TlsFiles)),
    logger: container.get(shared.logger),
    meter: container.get(shared.metrics).meter,
  });
  const app = assemble(container, config, [
    container.get(shared.database),
    ...parts.map(({ appends }) => appends),
    // Without the broker events are still accepted, and published when it is back.
    degradedInstead(container.get(shared.nats)),
    ...parts.flatMap(({ beneath }) => beneath),
    parkedLetters(
      parts.map(({ letters }) => letters),
      {
        meter: container.get(shared.metrics).meter,
        logger: container.get(shared.logger),
      },
    ),
    grpc,
    ...parts.flatMap(({ above }) => above),
  ]);
  return { ...app, ports: () => ({ grpc: grpc.port(), admin: app.adminPort() }) };
}
