import assert from 'node:assert/strict';
import { background } from './context.ts';
import type { Endpoint } from './endpoint.ts';
import { observed } from './observed.ts';

interface Rooms {
  readonly book: Endpoint<{ guest: string }, { room: number }>;
  readonly free: Endpoint<void, readonly number[]>;
}

const full = new Error('full');
const rooms: Rooms = {
  book: async (_ctx, { guest }) => {
    if (guest === 'late') throw full;
    return { room: 7 };
  },
  free: async () => [8, 9],
};

describe('a service that is observed', () => {
  it('says what was asked and what came of it, and answers as before', async () => {
    const said: string[] = [];
    const service = observed(rooms, {
      book: (_ctx, { guest }, { room }, tookMs) => {
        assert.ok(tookMs >= 0);
        said.push(`${guest} has room ${room}`);
      },
    });
    assert.deepEqual(await service.book(background(), { guest: 'ada' }), { room: 7 });
    assert.deepEqual(await service.free(background()), [8, 9]);
    assert.deepEqual(said, ['ada has room 7']);
  });

  it('says nothing of an error unless it is asked to, and the caller gets that error', async () => {
    const said: unknown[] = [];
    const quiet = observed(rooms, { book: (_ctx, request) => said.push(request) });
    await assert.rejects(quiet.book(background(), { guest: 'late' }), full);
    assert.deepEqual(said, []);
    const told: unknown[] = [];
    const service = observed(rooms, {
      book: {
        answered: (_ctx, { guest }) => told.push(guest),
        failed: (_ctx, { guest }, error) => told.push(guest, error),
      },
    });
    await assert.rejects(service.book(background(), { guest: 'late' }), full);
    await service.book(background(), { guest: 'ada' });
    assert.deepEqual(told, ['late', full, 'ada']);
  });

  it('does not compile with a method that there is not', async () => {
    // @ts-expect-error `close` is no method of the service
    const service = observed(rooms, { close: () => undefined });
    assert.deepEqual(await service.free(background()), [8, 9]);
  });
});
