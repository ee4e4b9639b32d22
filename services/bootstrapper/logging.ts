import type { Logger } from '../../shared/kit/logger.ts';
import type { Step } from './service.ts';

/** Logs when a step is done and how long it took. The service reports failures. */
export function loggingStep(next: Step, logger: Logger): Step {
  return {
    name: next.name,
    async run() {
      const began = performance.now();
      await next.run();
      logger.info({ ms: Math.round(performance.now() - began) }, `${next.name} is there`);
    },
  };
}
