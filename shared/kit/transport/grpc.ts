import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation, protoPath as healthProtoPath } from 'grpc-health-check';
import type { Component } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';

export { type CallSettings, callServerStream, callUnary, channelOptions } from './grpc-call.ts';
export { type GrpcCarrier, metadataCarrier, recordCarrier } from './grpc-carrier.ts';
export { type HandlerOptions, serverStream, unary } from './grpc-handler.ts';
export { fromServiceError, toServiceError } from './grpc-status.ts';

/** A generated service and what serves it. */
export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface GrpcServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly services: readonly GrpcService[];
  readonly logger: Logger;
  /** The services' .proto file, for reflection; without it there is none. */
  readonly protoPath?: string;
  /** The largest message that is accepted, in bytes. */
  readonly maxMessageBytes?: number;
  /** How long `stop` waits for calls that are being served, in milliseconds. */
  readonly drainMs?: number;
}

const defaults = { maxMessageBytes: 4 * 1024 * 1024, drainMs: 5000 };

/**
 * Serves gRPC with health checks (grpc.health.v1: the services while it serves,
 * NOT_SERVING once it stops) and reflection. `start` rejects where it cannot
 * listen. `stop` takes no more calls, waits for those under way, cuts off what
 * is left after `drainMs`, long-lived streams among them, and may be called twice.
 */
export function grpcServer(given: GrpcServerOptions): Component & { port(): number } {
  const { host, port, services, logger, protoPath, maxMessageBytes, drainMs } = {
    ...defaults,
    ...given,
  };
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
  });
  const health = new HealthImplementation();
  for (const { definition, implementation } of services) {
    server.addService(definition, implementation);
  }
  health.addToServer(server);
  if (protoPath !== undefined) reflect(server, protoPath);
  const names = ['', ...services.map(({ definition }) => serviceName(definition))];
  const announce = (status: 'SERVING' | 'NOT_SERVING') => {
    for (const name of names) health.setStatus(name, status);
  };
  let bound: number | undefined;
  let stopped: Promise<void> | undefined;
  return {
    name: 'grpc',
    port: () => {
      if (bound === undefined) throw new Error('The gRPC server is not listening.');
      return bound;
    },
    notReady: () => (bound === undefined || stopped !== undefined ? 'not listening' : undefined),
    start: async () => {
      bound = await bind(server, host, port);
      announce('SERVING');
    },
    stop: () => {
      announce('NOT_SERVING');
      stopped ??= shutdown(server, drainMs, logger);
      return stopped;
    },
  };
}

/** Lets tools such as grpcurl ask what is served. */
function reflect(server: Server, protoPath: string): void {
  const described = loadSync([protoPath, healthProtoPath], { keepCase: true });
  new ReflectionService(described).addToServer(server);
}

/** `/eventstore.EventStore/CreateEvent` → `eventstore.EventStore`. */
function serviceName(definition: ServiceDefinition): string {
  return Object.values(definition)[0]?.path.split('/')[1] ?? '';
}

function bind(server: Server, host: string, port: number): Promise<number> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (cause, bound) => {
      if (cause) reject(new Error(`gRPC cannot listen on ${address}: ${cause.message}`, { cause }));
      else resolve(bound);
    });
  });
}

function shutdown(server: Server, drainMs: number, logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => {
      logger.warn({ drainMs }, 'gRPC calls were still under way and are cut off');
      server.forceShutdown();
      resolve();
    }, drainMs);
    server.tryShutdown(() => {
      clearTimeout(deadline);
      resolve();
    });
  });
}
