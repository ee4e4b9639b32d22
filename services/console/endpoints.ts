/** Operations of the console, for any transport. */
import type { Middleware } from '../../shared/kit/endpoint.ts';
import { endpointsOf } from '../../shared/kit/endpoints-of.ts';
import type { ConsoleService } from './service.ts';

export type ConsoleEndpoints = ConsoleService;

/** @param concerns the middlewares for the endpoint `name` of `method`, outermost first */
export const consoleEndpoints = (
  service: ConsoleService,
  concerns: (name: string, method: keyof ConsoleService) => Middleware,
): ConsoleEndpoints =>
  endpointsOf(
    service,
    {
      session: 'show_session',
      orders: 'show_orders',
      order: 'show_order',
      cancel: 'console_cancel',
      approve: 'console_approve',
      reject: 'console_reject',
      live: 'show_live',
      letters: 'show_letters',
      letter: 'show_letter',
      replay: 'replay_letters',
      close: 'close_letters',
      deadlines: 'show_deadlines',
      startAudit: 'start_audit',
      audit: 'show_audit',
      repairAudit: 'repair_audit',
    },
    concerns,
  );
