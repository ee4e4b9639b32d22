import assert from 'node:assert/strict';
import { background } from '../../shared/kit/context.ts';
import type { Middleware } from '../../shared/kit/endpoint.ts';
import { orderEndpoints } from './endpoints.ts';
import type { OrderService } from './service.ts';

describe('the endpoints of ordersvc', () => {
  it('each has its own concerns, under its own name, around its own method', async () => {
    const steps: string[] = [];
    const method = (name: string) => async () => {
      steps.push(name);
      return undefined as never;
    };
    const service: OrderService = {
      place: method('place'),
      get: method('get'),
      list: method('list'),
      history: method('history'),
    };
    const concerns =
      (name: string): Middleware =>
      (next) =>
      (ctx, request) => {
        steps.push(name);
        return next(ctx, request);
      };
    const endpoints = orderEndpoints(service, concerns);
    for (const endpoint of [endpoints.place, endpoints.get, endpoints.list, endpoints.history]) {
      await endpoint(background(), {} as never);
    }
    assert.deepEqual(steps, [
      ...['place_order', 'place'],
      ...['get_order', 'get'],
      ...['list_orders', 'list'],
      ...['order_events', 'history'],
    ]);
  });
});
