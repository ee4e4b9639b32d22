import { Server, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation, protoPath as healthProtoPath } from 'grpc-health-check';
import type { CodedError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { type Meter, noMeter } from '../../metrics/meter.ts';
import type { Component } from '../../process/lifecycle.ts';
import type { TlsIdentity } from '../tls/tls-files.ts';
import { decodingTolerantly } from './decoding.ts';
import { grpcListener } from './grpc-listening.ts';
import { callGuard } from './guard.ts';
import { type GrpcLimits, grpcLimits, serverOptions } from './limits.ts';
import { bearLongDeadlines } from './long-deadlines.ts';

export { callerOf } from '../tls/caller.ts';
export { addressesIn, channelTo } from './addresses/several-addresses.ts';
export {
  type CallSettings,
  callServerStream,
  callUnary,
  channelOptions,
  channelOptionsFor,
} from './call.ts';
export { type GrpcCarrier, metadataCarrier, recordCarrier } from './carrier.ts';
export { decoded } from './decoding.ts';
export { fromServiceError, toServiceError } from './grpc-status.ts';
export { type HandlerOptions, serverStream, unary } from './handler.ts';
export { sendHeartbeats } from './heartbeat.ts';

/** A generated service and its implementation. */
export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface GrpcServerOptions {
  readonly host: string;
  /** 0: the system chooses one. */
  readonly port: number;
  readonly services: readonly GrpcService[];
  readonly logger: Logger;
  /** Measures each call. Default: none is measured. */
  readonly meter?: Meter;
  /** The services' .proto file, for reflection; without it there is none. */
  readonly protoPath?: string;
  /** Overrides the limits in limits.ts. */
  readonly limits?: Partial<GrpcLimits>;
  /** With it, mutual TLS: only callers with a certificate of our CA are served. Default: none. */
  readonly tls?: TlsIdentity | undefined;
  /** With `tls`: the refusal of a caller who may not call this method, such as `/grpc.health.v1.Health/Check`. */
  readonly authorize?: (identity: string, method: string) => CodedError | undefined;
  /** How long `stop` waits for open calls, in milliseconds. */
  readonly drainMs?: number;
}

/** A server as a component of a process. */
export interface GrpcServer extends Component {
  /** The port; throws while the server does not listen. */
  port(): number;
  /** The number of open calls. */
  openCalls(): number;
}

const defaults = { drainMs: 5000 };

/**
 * Serves gRPC with health checks (grpc.health.v1: the services while it serves,
 * NOT_SERVING once it stops) and reflection. `start` rejects if it cannot listen. `stop`
 * accepts no more calls, waits for open ones, cuts off those left after `drainMs`,
 * including long-lived streams, and may be called twice.
 */
export function grpcServer(given: GrpcServerOptions): GrpcServer {
  const { host, port, services, logger, protoPath, tls, drainMs } = { ...defaults, ...given };
  const limits = { ...grpcLimits, ...given.limits };
  bearLongDeadlines();
  const listener = grpcListener(limits, logger, tls);
  const guard = callGuard({
    limits,
    logger,
    onCall: listener.onCall,
    identity: tls && listener.identity,
    authorize: given.authorize,
    meter: given.meter ?? noMeter,
  });
  const server = new Server({ ...serverOptions(limits), interceptors: [guard.interceptor] });
  const health = new HealthImplementation();
  for (const { definition, implementation } of services) {
    server.addService(decodingTolerantly(definition), implementation);
  }
  health.addToServer(server);
  if (protoPath !== undefined) reflect(server, protoPath);
  const names = ['', ...services.map(({ definition }) => serviceName(definition))];
  const announce = (status: 'SERVING' | 'NOT_SERVING') => {
    for (const name of names) health.setStatus(name, status);
  };
  let bound = false;
  let stopped: Promise<void> | undefined;
  return {
    name: 'grpc',
    port: () => {
      if (!bound) throw new Error('The gRPC server is not listening.');
      return listener.port();
    },
    openCalls: guard.open,
    notReady: () => (!bound || stopped !== undefined ? 'not listening' : undefined),
    start: async () => {
      await listener.listen(server, host, port);
      bound = true;
      announce('SERVING');
    },
    stop: () => {
      announce('NOT_SERVING');
      stopped ??= shutdown(server, listener.close, drainMs, logger);
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

function shutdown(
  server: Server,
  closeListener: () => Promise<void>,
  drainMs: number,
  logger: Logger,
): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => {
      logger.warn({ drainMs }, 'cutting off gRPC calls that were still running');
      server.forceShutdown();
      resolve();
    }, drainMs);
    // The library ends its connections, but does not wait for those that it did not
    // accept itself.
    const closed = closeListener();
    server.tryShutdown(async () => {
      await closed;
      clearTimeout(deadline);
      resolve();
    });
  });
}
