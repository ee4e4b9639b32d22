import assert from 'node:assert/strict';
import { background } from './context.ts';
import type { Endpoint, Middleware } from './endpoint.ts';
import { endpointsOf } from './endpoints-of.ts';

interface Rooms {
  readonly book: Endpoint<{ guest: string }, { room: number }>;
  readonly free: Endpoint<void, readonly number[]>;
}

const rooms: Rooms = { book: async () => ({ room: 7 }), free: async () => [8, 9] };
const names = { book: 'book_room', free: 'free_rooms' };

describe('the endpoints of a service', () => {
  it('are its methods, each inside what is given for its name', async () => {
    const calls: string[] = [];
    const concerns =
      (name: string): Middleware =>
      (next) =>
      async (ctx, request) => {
        calls.push(name);
        return next(ctx, request);
      };
    const endpoints = endpointsOf(rooms, names, concerns);
    assert.deepEqual(await endpoints.book(background(), { guest: 'ada' }), { room: 7 });
    assert.deepEqual(await endpoints.free(background()), [8, 9]);
    assert.deepEqual(calls, ['book_room', 'free_rooms']);
  });

  it('have middlewares of their own: what one of them counts, the others do not', async () => {
    const counts: number[] = [];
    const counting: () => Middleware = () => {
      let calls = 0;
      return (next) => async (ctx, request) => {
        counts.push(++calls);
        return next(ctx, request);
      };
    };
    const endpoints = endpointsOf(rooms, names, counting);
    await endpoints.free(background());
    await endpoints.free(background());
    await endpoints.book(background(), { guest: 'ada' });
    assert.deepEqual(counts, [1, 2, 1]);
  });

  it('are those that are named, of a service that has more', () => {
    const more = { ...rooms, close: async () => undefined };
    assert.deepEqual(Object.keys(endpointsOf<Rooms>(more, names, () => (next) => next)), [
      'book',
      'free',
    ]);
  });

  it('do not compile where a method has no name, or is no endpoint', () => {
    const plain: () => Middleware = () => (next) => next;
    // @ts-expect-error `free` has no name
    assert.equal(Object.keys(endpointsOf(rooms, { book: 'book_room' }, plain)).length, 1);
    const guests = { count: async (_ctx: unknown, _floor: number, _wing: string) => 1 };
    // @ts-expect-error `count` takes more than a request
    assert.ok(endpointsOf(guests, { count: 'count_guests' }, plain));
  });
});
