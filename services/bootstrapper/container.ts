import { join } from 'node:path';
import { Container } from 'inversify';
import {
  BOOTSTRAPPER,
  type DatabaseRights,
  makesTables,
  rolesOf,
  sqlRights,
} from '../../shared/contracts/rights/sql.ts';
import { createLogger, type Logger } from '../../shared/kit/logger.ts';
import { sqlUrl } from '../../shared/kit/process/address/sql-url.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { common, token } from '../composition.ts';
import type { Config } from './config.ts';
import { loggingStep } from './logging.ts';
import { type BootstrapService, createBootstrapService, type Step } from './service.ts';
import { grantRights, prepareOwnDatabase, prepareRoles } from './sql-roles.ts';
import { prepareStream } from './stream.ts';

/** A bootstrapper that has not run yet. */
export interface App {
  readonly service: BootstrapService;
  readonly logger: Logger;
}

const tokens = {
  logger: common.logger,
  steps: token<readonly Step[]>('steps'),
  service: token<BootstrapService>('service'),
};

/** One service writes each database and owns its schema; the keys of people have theirs in a room of their own. */
const owners = {
  events: 'eventstoresvc',
  orders: 'querymodelworker',
  payments: 'paymentworker',
  saga: 'sagacoordinator',
  personal: '../shared/personal-data',
} as const satisfies Record<keyof Config['databases'], string>;

/**
 * Builds the bootstrapper. At the core is the service, which runs steps without
 * knowing what they make; each step is wrapped in logging. Main runs it once and
 * nothing calls it over a network, so it has no endpoints and no transport.
 * Services never import each other, so their migrations are found by folder name.
 */
export function createContainer(config: Config): App {
  const container = new Container({ defaultScope: 'Singleton' });
  container
    .bind(tokens.logger)
    .toConstantValue(createLogger({ service: config.serviceName, level: config.logLevel }));
  container
    .bind(tokens.steps)
    .toResolvedValue(
      (logger: Logger) =>
        [...schemaSteps(config, logger), ...streamSteps(config, logger)].map((step) =>
          loggingStep(step, logger),
        ),
      [tokens.logger],
    );
  container.bind(tokens.service).toResolvedValue(createBootstrapService, [tokens.steps]);
  return { service: container.get(tokens.service), logger: container.get(tokens.logger) };
}

function schemaSteps(config: Config, logger: Logger): Step[] {
  const { databases, timeoutMs } = config;
  // In the database that calls first: another one may not exist yet.
  const roles = once((url: string) => makeRoles(config, url));
  const prepare = async (key: keyof typeof owners): Promise<void> => {
    const url = databases[key];
    if (url === undefined) return;
    const folder = join(import.meta.dirname, '..', owners[key], 'migrations');
    await migrate({ url, folder, logger, timeoutMs });
    if (!hasRoles(config, url)) return;
    await roles(url);
    await grantRights({ url, rights: sqlRights[key], maker: makesTables[key] });
  };
  const log = once(() => prepare('events'));
  const schemas = addressed(databases).map(([key, url]) => ({
    name: `the schema of ${sqlUrl(url).pathname.slice(1)}`,
    run: () => (key === 'events' ? log() : prepare(key)),
  }));
  const further = config.ownedDatabases.map(({ name, role }) => ({
    name: `the database ${name}`,
    // It is on the server of the log, which answers then.
    run: async () => {
      await log();
      await prepareOwnDatabase(databases.events, name, role);
    },
  }));
  return [...schemas, ...further];
}

/** Whether the roles' rights hold in the database at `url`: it is one of ours, and not a user's own. */
const hasRoles = ({ passfiles }: Config, url: string): boolean =>
  passfiles !== undefined && sqlUrl(url).username === BOOTSTRAPPER;

/** Makes the roles of all our databases, by way of the one at `url`. */
async function makeRoles(config: Config, url: string): Promise<void> {
  const { passfiles, databases, ownedDatabases } = config;
  if (passfiles === undefined) return;
  const ours = addressed(databases).filter(([, one]) => hasRoles(config, one));
  const roles = [
    ...rolesOf(...ours.map(([key]): DatabaseRights => sqlRights[key])),
    ...ownedDatabases.map(({ role }) => role),
  ];
  await prepareRoles(url, passfiles, roles);
}

/** The databases that there are, with their addresses. */
function addressed(databases: Config['databases']): readonly [keyof typeof owners, string][] {
  const keys = Object.keys(owners) as (keyof typeof owners)[];
  return keys.flatMap((key) => {
    const url = databases[key];
    return url === undefined ? [] : [[key, url]];
  });
}

/** What calls `work` at the first call, and gives its outcome at each. */
function once<Args extends unknown[]>(
  work: (...args: Args) => Promise<void>,
): (...args: Args) => Promise<void> {
  let outcome: Promise<void> | undefined;
  return (...args) => {
    outcome ??= work(...args);
    return outcome;
  };
}

function streamSteps(config: Config, logger: Logger): Step[] {
  return config.streams.map((name) => ({
    name: `the stream ${name}`,
    run: () =>
      prepareStream({
        url: config.natsUrl,
        name: config.serviceName,
        stream: { name, subjects: [`${name}.*`], replicas: config.streamReplicas },
        timeoutMs: config.timeoutMs,
        logger,
      }),
  }));
}
