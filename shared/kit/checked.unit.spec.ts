import assert from 'node:assert/strict';
import { checked } from './checked.ts';
import { background } from './context.ts';
import type { Endpoint } from './endpoint.ts';

interface Rooms {
  readonly book: Endpoint<{ guests: number }, { room: number }>;
  readonly free: Endpoint<void, readonly number[]>;
}

const tooMany = new Error('too many');

describe('a service whose requests are checked', () => {
  const booked: number[] = [];
  const rooms: Rooms = {
    book: async (_ctx, { guests }) => {
      booked.push(guests);
      return { room: 7 };
    },
    free: async () => [8, 9],
  };
  const service = checked(rooms, {
    book: ({ guests }) => {
      if (guests > 4) throw tooMany;
    },
  });

  it('is not called for what is refused, and answers the rest', async () => {
    const refused = service.book(background(), { guests: 5 });
    await assert.rejects(refused, tooMany);
    assert.deepEqual(await service.book(background(), { guests: 2 }), { room: 7 });
    assert.deepEqual(await service.free(background()), [8, 9]);
    assert.deepEqual(booked, [2]);
  });

  it('does not compile with a check of a method that there is not', () => {
    // @ts-expect-error `close` is no method of the service
    assert.ok(checked(rooms, { close: () => undefined }));
  });
});
