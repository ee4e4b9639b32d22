import { ConfigError } from '../../shared/kit/config.ts';
import { runProcess } from '../../shared/kit/lifecycle.ts';
import { readConfig } from './config.ts';
import { createContainer } from './container.ts';

try {
  const { lifecycle, logger } = createContainer(readConfig());
  await runProcess(lifecycle, logger);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
