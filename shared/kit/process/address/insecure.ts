import type { Logger } from '../../logger.ts';
import { frameMetrics } from '../../metrics/frame-metrics.ts';
import type { Meter } from '../../metrics/meter.ts';
import type { Component } from '../lifecycle.ts';
import type { Mode } from './mode.ts';

/** What of a service's configuration says how much it asks of its callers. */
export interface Exposure {
  readonly mode: Mode;
  readonly allowInsecure: boolean;
  readonly bindAddress: string;
}

const EVERY_MS = 60_000;

/**
 * Reminds those who read the log, each minute, that ALLOW_INSECURE opens the service to other
 * machines, and shows it as the gauge `service_insecure`: 1 if so, else 0.
 */
export function insecureReminder(exposure: Exposure, logger: Logger, meter: Meter): Component {
  const { mode, allowInsecure, bindAddress } = exposure;
  const insecure = mode === 'strict' && allowInsecure;
  let timer: NodeJS.Timeout | undefined;
  const remind = () =>
    logger.warn(
      { bind_address: bindAddress },
      'ALLOW_INSECURE is true: other machines reach this service without authentication',
    );
  meter.observe(frameMetrics.serviceInsecure, (tell) => tell(insecure ? 1 : 0));
  return {
    name: 'insecure reminder',
    start: async () => {
      if (!insecure) return;
      remind();
      timer = setInterval(remind, EVERY_MS).unref();
    },
    stop: async () => clearInterval(timer),
  };
}
