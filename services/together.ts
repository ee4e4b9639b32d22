/**
 * Several services as one process: `node services/together.ts paymentworker reviewworker`.
 *
 * Each is the service that its own main.ts runs, with its own name, ports, metrics and
 * onion. They share the connections to NATS and to the event store whose settings are the
 * same. Settings come from the environment: a service's own form, such as
 * `PAYMENTWORKER_ADMIN_PORT`, wins over `ADMIN_PORT`. If one crashes the process ends, and
 * whatever supervises it starts all again.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '../shared/kit/logger.ts';
import { asOne, type Member } from '../shared/kit/process/as-one.ts';
import { ConfigError, configError } from '../shared/kit/process/config.ts';
import { environmentOf, sharedByMistake } from '../shared/kit/process/own-environment.ts';
import { type Runnable, runService } from '../shared/kit/process/run-service.ts';
import { createSharing, type Sharing } from '../shared/kit/process/sharing.ts';

/** What the files of a service's folder export. */
interface Service {
  readonly name: string;
  readonly readConfig: (env: NodeJS.ProcessEnv) => object;
  readonly createContainer: (config: object & { readonly sharing: Sharing }) => Runnable;
}

/** Others of the process call it, so it stops last. */
const LOG_SERVICE = 'eventstoresvc';

const names = process.argv.slice(2);
const wrong = unusable(names);
if (wrong === undefined) {
  const services = await Promise.all(names.map(read));
  await runService(() => assembled(services));
} else {
  process.stderr.write(`${wrong}\n`);
  process.exitCode = 1;
}

function unusable(given: readonly string[]): string | undefined {
  if (given.length === 0) return 'Name the services to run: node services/together.ts ordersvc …';
  const strange = given.filter((name, index) => !isService(name) || given.indexOf(name) !== index);
  return strange.length === 0 ? undefined : `Not services, or named twice: ${strange.join(' ')}`;
}

/** The bootstrapper is none: it runs to its end. */
function isService(name: string): boolean {
  const file = (one: string) => join(import.meta.dirname, name, one);
  return (
    /^[a-z]+$/.test(name) && existsSync(file('container.ts')) && existsSync(file('endpoints.ts'))
  );
}

async function read(name: string): Promise<Service> {
  const [{ readConfig }, { createContainer }] = await Promise.all([
    import(`./${name}/config.ts`),
    import(`./${name}/container.ts`),
  ]);
  return { name, readConfig, createContainer };
}

function assembled(services: readonly Service[]): Runnable {
  const sharing = createSharing();
  const problems = sharedByMistake(names, process.env);
  const configured = services.map(({ name, readConfig, createContainer }) => {
    try {
      const config = readConfig(environmentOf(name, process.env));
      return { name, create: () => createContainer({ ...config, sharing }) };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems.map((problem) => `${name}: ${problem}`));
      return { name, create: undefined };
    }
  });
  if (problems.length > 0) throw configError(problems);
  const members = configured.flatMap(({ name, create }): Member[] =>
    create === undefined ? [] : [{ name, ...create() }],
  );
  const isLog = ({ name }: Member) => name === LOG_SERVICE;
  return {
    lifecycle: asOne([members.filter(isLog), members.filter((one) => !isLog(one))]),
    logger: createLogger({ service: names.join('+'), level: process.env.LOG_LEVEL || 'info' }),
  };
}
