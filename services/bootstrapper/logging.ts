import type { Logger } from '../../shared/kit/logger.ts';
import type { Step } from './service.ts';

/** Says when a step is done and how long it took; what failed is the service's to say. */
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
