/**
 * Where servers and services are: at the address in the variable that the services use, or
 * else on this machine, on the port that `make start` was given.
 */
import { BOOTSTRAPPER, OPERATOR } from '../shared/contracts/rights/sql.ts';
import { readSqlUrl } from '../shared/kit/process/address/sql-url.ts';
import { withLogin, withNkey } from '../shared/kit/process/address/url-login.ts';
import { type Setting, setting } from '../shared/kit/process/setting.ts';
import { credential } from './credentials.ts';
import { optionOrVariable } from './option.ts';

/** The variables for the ports of `make start`, and their defaults. */
const ports = {
  HTTP_PORT: 3000,
  GRPC_PORT: 50051,
  SQL_PORT: 26257,
  NATS_PORT: 4222,
  ZIPKIN_PORT: 9411,
} as const;

type PortVariable = keyof typeof ports;

const http = (byDefault: string) => setting.url(byDefault, ['http', 'https']);
const database = (name: string) => ({
  port: 'SQL_PORT' as const,
  at: (port: number) => `postgres://${OPERATOR}@127.0.0.1:${port}/${name}`,
  read: setting.databaseUrl,
});

const addresses = {
  ORDERS_URL: {
    port: 'HTTP_PORT',
    at: (port: number) => `http://127.0.0.1:${port}`,
    read: http,
  },
  EVENTSTORE_ADDRESS: {
    port: 'GRPC_PORT',
    at: (port: number) => `127.0.0.1:${port}`,
    read: setting.text,
  },
  NATS_URL: {
    port: 'NATS_PORT',
    at: (port: number) => `nats://127.0.0.1:${port}`,
    read: setting.natsUrl,
  },
  EVENTSTORE_DATABASE_URL: database('eventstoredb'),
  ORDERS_DATABASE_URL: database('ordersdb'),
  PAYMENTS_DATABASE_URL: database('paymentsdb'),
  SAGA_DATABASE_URL: database('sagadb'),
  PERSONAL_DATABASE_URL: database('personaldb'),
  ZIPKIN_URL: {
    port: 'ZIPKIN_PORT',
    at: (port: number) => `http://127.0.0.1:${port}`,
    read: http,
  },
} as const satisfies Readonly<
  Record<
    string,
    {
      readonly port: PortVariable;
      readonly at: (port: number) => string;
      readonly read: (byDefault: string) => Setting<string>;
    }
  >
>;

/** A variable that names an address. */
export type AddressVariable = keyof typeof addresses;

/**
 * The address from `option`, else from `variable`, else this machine's with the port of the
 * stack's variable, such as HTTP_PORT. Throws UsageError that names the wrong one; those
 * that are not used may be wrong.
 */
export function addressOf(
  variable: AddressVariable,
  option: { readonly name: string; readonly value: string | undefined } = {
    name: variable,
    value: undefined,
  },
): string {
  const { port, at, read } = addresses[variable];
  const given = option.value ?? process.env[variable]?.trim();
  const number = given ? ports[port] : portOf(port);
  const address = optionOrVariable(read(at(number)), option, variable);
  // Our credentials are for our servers.
  return given ? address : asOperator(address, port);
}

/** With the password or key that `make start` made, if it did. */
function asOperator(address: string, port: PortVariable): string {
  if (port === 'SQL_PORT') {
    const passfile = credential('sql', `${OPERATOR}.pgpass`);
    return passfile === undefined ? address : withLogin(address, OPERATOR, passfile);
  }
  const key = port === 'NATS_PORT' ? credential('nats', `${OPERATOR}.nk`) : undefined;
  return key === undefined ? address : withNkey(address, OPERATOR, key);
}

/** The address of the keys' database as who owns it, if that is the operator's and the owner's password is here; any other as it is. */
export function asKeysOwner(address: string): string {
  const own = readSqlUrl(address)?.url;
  const passfile = credential('sql', `${BOOTSTRAPPER}.pgpass`);
  if (own?.username !== OPERATOR || passfile === undefined) return address;
  return withLogin(address, BOOTSTRAPPER, passfile);
}

/** For `--help`: the default. */
export function addressHelp(variable: AddressVariable): string {
  const { port, at } = addresses[variable];
  return `default: ${variable}, or ${at(ports[port])}, with the port from ${port} if set`;
}

function portOf(variable: PortVariable): number {
  const read = setting.integer(ports[variable], { min: 1, max: 65_535 });
  return optionOrVariable(read, { name: variable, value: undefined }, variable);
}
