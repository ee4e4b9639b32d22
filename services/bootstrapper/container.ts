import { join } from 'node:path';
import { Container } from 'inversify';
import { createLogger, type Logger } from '../../shared/kit/logger.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { common, token } from '../composition.ts';
import type { Config } from './config.ts';
import { loggingStep } from './logging.ts';
import { type BootstrapService, createBootstrapService, type Step } from './service.ts';
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

/** One service writes each database and owns its schema. */
const owners = {
  events: 'eventstoresvc',
  orders: 'querymodelworker',
  payments: 'paymentworker',
  saga: 'sagacoordinator',
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

function schemaSteps({ databases, timeoutMs }: Config, logger: Logger): Step[] {
  const keys = Object.keys(owners) as (keyof typeof owners)[];
  return keys.map((key) => {
    const url = databases[key];
    const folder = join(import.meta.dirname, '..', owners[key], 'migrations');
    return {
      name: `the schema of ${new URL(url).pathname.slice(1)}`,
      run: () => migrate({ url, folder, logger, timeoutMs }),
    };
  });
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
