import type { Logger } from '../logger.ts';
import { keepLoopbackDirect } from './address/direct-loopback.ts';
import { ConfigError } from './config.ts';
import { type Lifecycle, runProcess } from './lifecycle.ts';

/** An assembled service, not yet started. */
export interface Runnable {
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
}

/**
 * Creates a service and runs it as this process, as `runProcess` describes; resolves once
 * it is started. An invalid configuration is printed for people, without a stack, and the
 * exit code is 1. Any other error of `create` is thrown to the caller. Call it once, from
 * main.
 */
export async function runService(create: () => Runnable): Promise<void> {
  keepLoopbackDirect();
  let service: Runnable;
  try {
    service = create();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  await runProcess(service.lifecycle, service.logger);
}
