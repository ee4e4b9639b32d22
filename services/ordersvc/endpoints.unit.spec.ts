import assert from 'node:assert/strict';
import { background } from '../../shared/kit/context.ts';
import type { Middleware } from '../../shared/kit/endpoint.ts';
import { type OrderEndpoints, orderEndpoints } from './endpoints.ts';
import type { OrderService } from './service.ts';

/** Dashboards and traces know them: frozen. */
const names: Partial<Record<keyof OrderEndpoints, string>> = {
  place: 'place_order',
  get: 'get_order',
  list: 'list_orders',
  history: 'order_events',
  cancel: 'cancel_order',
  approve: 'approve_order',
  reject: 'reject_order',
};

describe('the endpoints of ordersvc', () => {
  for (const [method, name] of Object.entries(names)) {
    it(`${method} has its own concerns, under the name ${name}`, async () => {
      const steps: string[] = [];
      // A service that answers any method with its name.
      const service = new Proxy({} as OrderService, {
        get: (_service, asked) => async () => steps.push(String(asked)),
      });
      const concerns =
        (of: string): Middleware =>
        (next) =>
        (ctx, request) => {
          steps.push(of);
          return next(ctx, request);
        };
      const endpoint = orderEndpoints(service, concerns)[method as keyof OrderEndpoints];
      await endpoint(background(), {} as never);
      assert.deepEqual(steps, [name, method]);
    });
  }
});
