import { ConfigError } from '../../shared/kit/process/config.ts';
import { readConfig } from './config.ts';
import { createContainer } from './container.ts';
import { BootstrapError } from './service.ts';

try {
  const { service } = createContainer(readConfig());
  await service.prepare();
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof BootstrapError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
