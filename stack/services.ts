/** The environment variables that carry an address; names as in the services' configuration. */
export type AddressVariable =
  | 'EVENTSTORE_DATABASE_URL'
  | 'ORDERS_DATABASE_URL'
  | 'PAYMENTS_DATABASE_URL'
  | 'SAGA_DATABASE_URL'
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
  /** The port it serves on, beside the admin port. */
  readonly serves?: {
    readonly variable: string;
    readonly port: number;
    /** Where people begin. */
    readonly path?: string;
  };
  /** A database of its own, beside those that are documented: its variable and its name. */
  readonly database?: { readonly variable: string; readonly name: string };
  /** The file that is run, from the project's folder; default that of its name under `services/`. */
  readonly main?: string;
}

/** The database behind each variable, on the server that the stack starts. */
export const databases = {
  EVENTSTORE_DATABASE_URL: 'eventstoredb',
  ORDERS_DATABASE_URL: 'ordersdb',
  PAYMENTS_DATABASE_URL: 'paymentsdb',
  SAGA_DATABASE_URL: 'sagadb',
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
    'NATS_URL',
  ],
};

/**
 * The services, in the order of the path of an order; stopped in reverse. A new
 * service is a new row, and a folder of its name under `services/`.
 */
export const services: readonly ServiceRow[] = [
  {
    name: 'eventstoresvc',
    needs: ['EVENTSTORE_DATABASE_URL', 'NATS_URL'],
    adminPort: 9100,
    serves: { variable: 'GRPC_PORT', port: 50051 },
  },
  {
    name: 'ordersvc',
    needs: ['ORDERS_DATABASE_URL', 'EVENTSTORE_ADDRESS'],
    adminPort: 9101,
    serves: { variable: 'HTTP_PORT', port: 3000, path: '/api/orders' },
  },
  {
    name: 'paymentworker',
    needs: ['PAYMENTS_DATABASE_URL', 'NATS_URL', 'EVENTSTORE_ADDRESS'],
    adminPort: 9102,
  },
  {
    name: 'reviewworker',
    needs: ['NATS_URL', 'EVENTSTORE_ADDRESS'],
    adminPort: 9103,
  },
  {
    name: 'querymodelworker',
    needs: ['ORDERS_DATABASE_URL', 'NATS_URL', 'EVENTSTORE_ADDRESS'],
    adminPort: 9104,
  },
  {
    name: 'sagacoordinator',
    needs: ['SAGA_DATABASE_URL', 'NATS_URL', 'EVENTSTORE_ADDRESS'],
    adminPort: 9105,
    // It holds some 45 MB at any load; left alone, Node lets garbage grow to 400 MB.
    nodeArgs: ['--max-semi-space-size=8', '--max-old-space-size=112'],
  },
];
