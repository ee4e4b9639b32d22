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
      cancel: method('cancel'),
      approve: method('approve'),
      reject: method('reject'),
    };
    const concerns =
      (name: string): Middleware =>
      (next) =>
      (ctx, request) => {
        steps.push(name);
        return next(ctx, request);
      };
    const endpoints = orderEndpoints(service, concerns);
    const { place, get, list, history, cancel, approve, reject } = endpoints;
    for (const endpoint of [place, get, list, history, cancel, approve, reject]) {
      await endpoint(background(), {} as never);
    }
    assert.deepEqual(steps, [
      ...['place_order', 'place'],
      ...['get_order', 'get'],
      ...['list_orders', 'list'],
      ...['order_events', 'history'],
      ...['cancel_order', 'cancel'],
      ...['approve_order', 'approve'],
      ...['reject_order', 'reject'],
    ]);
  });
});
