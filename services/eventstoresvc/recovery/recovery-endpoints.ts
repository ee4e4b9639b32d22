/** What an operator can ask after a restore, as endpoints with their middlewares. */
import type { LogRecovery } from '../../../shared/eventstore/log-recovery.ts';
import type { Middleware } from '../../../shared/kit/endpoint.ts';
import { endpointsOf } from '../../../shared/kit/endpoints-of.ts';

/** @param concerns the middlewares for the endpoint `name`, outermost first */
export const createRecoveryEndpoints = (
  recovery: LogRecovery,
  concerns: (name: string) => Middleware,
): LogRecovery =>
  endpointsOf(
    recovery,
    {
      standing: 'standing',
      lostEvents: 'lost events',
      recover: 'recover log',
      giveUp: 'give up events',
      discard: 'discard lost events',
    },
    concerns,
  );
