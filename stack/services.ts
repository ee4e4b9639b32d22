import type { StreamUse } from '../shared/contracts/rights/nats.ts';

/** The environment variables that carry an address; names as in the services' configuration. */
export type AddressVariable =
  | 'EVENTSTORE_DATABASE_URL'
  | 'ORDERS_DATABASE_URL'
  | 'PAYMENTS_DATABASE_URL'
  | 'SAGA_DATABASE_URL'
  | 'PERSONAL_DATABASE_URL'
  | 'NATS_URL'
  | 'EVENTSTORE_ADDRESS';

/** One row of the table: all that the stack knows of a service. */
export interface ServiceRow {
  readonly name: string;
  /** The addresses it is given. */
  readonly needs: readonly AddressVariable[];
  /** Its port for `/healthz`, `/readyz` and `/metrics`; none for one that runs to its end. */
  readonly adminPort?: number;
  /** Options for Node itself. */
  readonly nodeArgs?: readonly string[];
  /** The process that it is part of where few are wanted; default: one of its own. */
  readonly joins?: keyof typeof joined;
  /** The port it serves on, beside the admin port. */
  readonly serves?: {
    readonly variable: string;
    readonly port: number;
    /** Where people begin. */
    readonly path?: string;
  };
  /**
   * A database of its own, beside those that are documented: its variable, its name, and the
   * role that owns it and logs in, which services that share the database have in common.
   */
  readonly database?: {
    readonly variable: string;
    readonly name: string;
    readonly owner: string;
  };
  /** The variables that it reads, if it has no `config.ts` under `services/` to tell them. */
  readonly variables?: readonly string[];
  /**
   * It watches the others: it is told where they are, and what the operator's tools need. On free
   * ports, as in tests, it runs only if it is named.
   */
  readonly watches?: true;
  /** What it does on NATS; default: as shared/contracts/rights/nats.ts says. */
  readonly nats?: StreamUse;
  /** The file that is run, from the project's folder; default that of its name under `services/`. */
  readonly main?: string;
}

/** The database behind each variable, on the server that the stack starts. */
export const databases = {
  EVENTSTORE_DATABASE_URL: 'eventstoredb',
  ORDERS_DATABASE_URL: 'ordersdb',
  PAYMENTS_DATABASE_URL: 'paymentsdb',
  SAGA_DATABASE_URL: 'sagadb',
  PERSONAL_DATABASE_URL: 'personaldb',
} as const satisfies Partial<Record<AddressVariable, string>>;

/** The ports of the servers, as documented. */
export const serverPorts = { sql: 26257, nats: 4222, natsMonitor: 8222, zipkin: 9411 } as const;

/** Runs to its end before any service: makes databases, schemas and streams. */
export const bootstrapper: ServiceRow = {
  name: 'bootstrapper',
  needs: [
    'EVENTSTORE_DATABASE_URL',
    'ORDERS_DATABASE_URL',
    'PAYMENTS_DATABASE_URL',
    'SAGA_DATABASE_URL',
    'PERSONAL_DATABASE_URL',
    'NATS_URL',
  ],
};

/**
 * Options that bound the heap: `oldMb` for what lives longer, three times `youngMb` for what
 * is young. Left alone, Node keeps garbage of 200 MB and more in each service; in smaller
 * heaps it spends more time to find it.
 */
const heap = (oldMb: number, youngMb = 16): readonly string[] => [
  `--max-semi-space-size=${youngMb}`,
  `--max-old-space-size=${oldMb}`,
];

/**
 * The processes that several services can be part of, with their options for Node: young
 * objects of all have the room that they would have in processes of their own. With 16 MB
 * for four services a fifth of their time went into collecting.
 */
export const joined = { workers: { nodeArgs: heap(288, 64) } } as const;

/**
 * The services, in the order of the path of an order; stopped in reverse. A new
 * service is a new row, and a folder of its name under `services/`.
 */
export const services: readonly ServiceRow[] = [
  {
    name: 'eventstoresvc',
    needs: ['EVENTSTORE_DATABASE_URL', 'NATS_URL'],
    adminPort: 9100,
    nodeArgs: heap(256),
    serves: { variable: 'GRPC_PORT', port: 50051 },
  },
  {
    name: 'ordersvc',
    needs: ['ORDERS_DATABASE_URL', 'PERSONAL_DATABASE_URL', 'EVENTSTORE_ADDRESS'],
    adminPort: 9101,
    nodeArgs: heap(160),
    serves: { variable: 'HTTP_PORT', port: 3000, path: '/api/orders' },
  },
  {
    name: 'paymentworker',
    needs: ['PAYMENTS_DATABASE_URL', 'NATS_URL', 'EVENTSTORE_ADDRESS'],
    adminPort: 9102,
    nodeArgs: heap(112),
    joins: 'workers',
  },
  {
    name: 'reviewworker',
    needs: ['NATS_URL', 'EVENTSTORE_ADDRESS'],
    adminPort: 9103,
    nodeArgs: heap(112),
    joins: 'workers',
  },
  {
    name: 'querymodelworker',
    needs: ['ORDERS_DATABASE_URL', 'EVENTSTORE_ADDRESS'],
    adminPort: 9104,
    nodeArgs: heap(160),
    joins: 'workers',
  },
  {
    name: 'sagacoordinator',
    needs: ['SAGA_DATABASE_URL', 'NATS_URL', 'EVENTSTORE_ADDRESS'],
    adminPort: 9105,
    nodeArgs: heap(112),
    joins: 'workers',
  },
  {
    name: 'console',
    needs: ['EVENTSTORE_ADDRESS'],
    adminPort: 9106,
    nodeArgs: heap(160),
    serves: { variable: 'CONSOLE_PORT', port: 3100 },
    watches: true,
  },
];
