import assert from 'node:assert/strict';
import type { EventStore, RecordedEvent } from '../eventstore/event-store.ts';
import { createMemoryEventStore } from '../eventstore/memory/memory-event-store.ts';
import { background } from '../kit/context.ts';
import { type HoldEvent, type HoldKind, holdEvents, holdProcess } from '../testing/room-hold.ts';
import type { Deadline, DeadlineKey } from './deadlines.ts';
import { type ProcessManager, processManager } from './process-manager.ts';
import { owedDeadlines, rebuildAggregate, rebuildDeadlines } from './rebuild.ts';

const ctx = background();
const aggregateId = 'booking-1';

describe('a process manager', () => {
  let store: EventStore;
  let rows: Map<string, Deadline<HoldKind>>;
  let reads: number;
  let manager: ProcessManager<{ readonly type: string }, HoldEvent, HoldKind>;

  beforeEach(() => {
    const log = createMemoryEventStore({ stream: 'BOOKINGS' });
    reads = 0;
    store = {
      ...log,
      readAggregate: (...args) => {
        reads++;
        return log.readAggregate(...args);
      },
    };
    rows = new Map();
    manager = processManager(holdProcess, store, {
      write: async ({ put, remove }) => {
        await table.put(ctx, put);
        await table.remove(ctx, remove);
      },
    });
  });

  const table = {
    put: async (_ctx: unknown, deadlines: readonly Deadline<HoldKind>[]) => {
      for (const deadline of deadlines) rows.set(deadline.kind, deadline);
    },
    remove: async (_ctx: unknown, keys: readonly DeadlineKey<HoldKind>[]) => {
      for (const { kind, causedBy = rows.get(kind)?.causedBy } of keys) {
        if (rows.get(kind)?.causedBy === causedBy) rows.delete(kind);
      }
    },
  };
  const log = () => store.readAggregate(ctx, { aggregateType: 'booking', aggregateId });

  /** Appends the events, and resolves with the last as it is recorded. */
  async function happened(...events: HoldEvent['type'][]): Promise<RecordedEvent> {
    const before = (await log()).length;
    for (const [index, event] of holdEvents(...events).entries()) {
      await store.append(ctx, { events: [{ ...event, eventId: `given-${before + index}` }] });
    }
    const last = (await log()).at(-1);
    assert.ok(last);
    reads = 0;
    return last;
  }
  const types = async () => (await log()).map(({ eventType }) => eventType.slice(9));
  const fire = (kind: HoldKind, causedBy = rows.get(kind)?.causedBy ?? '') =>
    manager.fire(ctx, { aggregateId, kind, causedBy });

  it('sets the deadline of what an event makes the aggregate wait for, and clears what is passed', async () => {
    await manager.follow(ctx, await happened('requested'));
    assert.deepEqual([...rows.keys()], ['answer']);
    const held = await happened('held');
    assert.deepEqual(await manager.follow(ctx, held), { command: undefined, events: [] });
    assert.deepEqual([...rows.keys()], ['hold']);
    assert.equal(rows.get('hold')?.dueAt.getTime(), held.createdAt.getTime() + 600_000);
    await manager.follow(ctx, await happened('confirmed'));
    assert.deepEqual([[...rows.keys()], reads], [[], 1], 'what waits for nothing is read once');
  });

  it('a deadline of an earlier wait ends no later one of its kind, and removes no other row', async () => {
    await manager.follow(ctx, await happened('held'));
    const first = rows.get('hold')?.causedBy;
    const second = await happened('expired', 'held');
    await manager.follow(ctx, second);
    assert.deepEqual(await fire('hold', first), { command: undefined, events: [] });
    assert.deepEqual(await types(), ['held', 'expired', 'held']);
    assert.equal(rows.get('hold')?.causedBy, second.eventId);
  });

  it('the next wait of its kind, begun while a deadline fires, keeps its row', async () => {
    await manager.follow(ctx, await happened('held'));
    const first = rows.get('hold')?.causedBy;
    const { remove } = table;
    table.remove = async (_ctx, keys) => {
      // Between the event that the deadline appended and the removal of its row.
      table.remove = remove;
      await manager.follow(ctx, await happened('held'));
      await remove(_ctx, keys);
    };
    await fire('hold', first);
    assert.deepEqual(await types(), ['held', 'expired', 'held']);
    assert.equal(rows.get('hold')?.causedBy, (await log()).at(-1)?.eventId);
  });

  it('a deadline ends what still waits, once, under the id that the process gives', async () => {
    await manager.follow(ctx, await happened('held'));
    const due = rows.get('hold')?.causedBy;
    const done = await fire('hold');
    assert.deepEqual(done, { command: { type: 'expire' }, events: [{ type: 'expired' }] });
    assert.equal((await log()).at(-1)?.eventId, 'booking-1 expire 1');
    assert.deepEqual([...rows.keys()], []);
    assert.deepEqual((await fire('hold', due)).events, []);
    assert.deepEqual(await types(), ['held', 'expired']);
  });

  it('a deadline that comes too late ends nothing, and goes', async () => {
    await manager.follow(ctx, await happened('held'));
    await happened('confirmed');
    assert.deepEqual(await fire('hold'), { command: undefined, events: [] });
    assert.deepEqual([await types(), [...rows.keys()]], [['held', 'confirmed'], []]);
  });

  it('gives the command that an event asks for, and waits for its answer at once', async () => {
    await happened('held', 'expired');
    const { events } = await manager.follow(ctx, await happened('paid'));
    assert.deepEqual(events, [{ type: 'refundrequested' }]);
    const asked = (await log()).at(-1);
    assert.deepEqual(
      [...rows.values()].map(({ kind, causedBy, position }) => [kind, causedBy, position]),
      [['refund', asked?.eventId, asked?.position]],
    );
  });

  it('asks a silent worker again under another id, and once where two fire its deadline', async () => {
    await happened('held', 'expired');
    await manager.follow(ctx, await happened('paid'));
    const due = rows.get('refund')?.causedBy;
    const both = await Promise.all([fire('refund', due), fire('refund', due)]);
    assert.ok(both.some(({ events }) => events.length === 1));
    assert.deepEqual((await fire('refund', due)).events, [], 'and a third, later');
    assert.deepEqual((await types()).slice(3), ['refundrequested', 'refundrequested']);
    assert.equal((await log()).at(-1)?.eventId, 'booking-1 refund 2');
    assert.equal(rows.get('refund')?.causedBy, 'booking-1 refund 2');
  });

  it('does not read what one event tells', async () => {
    const toldBy = () => ({ awaited: ['hold'], passed: ['answer'] }) as const;
    const telling = processManager({ ...holdProcess, toldBy }, store, {
      write: ({ put }) => table.put(ctx, put),
    });
    await telling.follow(ctx, await happened('held'));
    assert.deepEqual([[...rows.keys()], reads], [['hold'], 0]);
  });

  describe('whose deadlines are rebuilt', () => {
    it('has those that it would have, and says which aggregate it could not read whole', async () => {
      await happened('requested', 'held');
      await store.append(ctx, {
        events: [
          { ...holdEvents('confirmed')[0], eventId: 'spoilt', data: 'spoilt' } as RecordedEvent,
        ],
      });
      const rebuilt = await rebuildDeadlines(ctx, holdProcess, store, table);
      assert.deepEqual(rebuilt, { events: 3, unreadable: [aggregateId] });
      assert.deepEqual([...rows.keys()], ['hold']);
    });

    it('gives a command that was never given, by a deadline that is due', async () => {
      const paid = await happened('held', 'expired', 'paid');
      await rebuildDeadlines(ctx, holdProcess, store, table);
      assert.deepEqual([...rows.keys()], ['answer']);
      assert.equal(rows.get('answer')?.dueAt.getTime(), paid.createdAt.getTime());
      assert.deepEqual((await fire('answer')).events, [{ type: 'refundrequested' }]);
      assert.deepEqual([...rows.keys()], ['refund']);
    });

    it('one by one: kinds that it does not wait for go, and one may be due at once', async () => {
      await manager.follow(ctx, await happened('requested'));
      await manager.follow(ctx, await happened('refundrequested'));
      const held = await happened('held');
      await rebuildAggregate(ctx, holdProcess, store, table, { aggregateId, firesNow: 'hold' });
      assert.deepEqual([...rows.keys()].toSorted(), ['hold', 'refund']);
      assert.equal(rows.get('hold')?.dueAt.getTime(), held.createdAt.getTime());
    });
  });

  it('owes what the log gives an aggregate, and the command that nobody gave', () => {
    const owed = (...events: HoldEvent['type'][]) => {
      const { deadlines, owesCommand, followed } = owedDeadlines(
        holdProcess,
        aggregateId,
        holdEvents(...events),
      );
      return [deadlines.map(({ kind }) => kind), owesCommand, followed?.eventId];
    };
    assert.deepEqual(owed('requested', 'held'), [['hold'], false, 'event-2']);
    assert.deepEqual(owed('held', 'expired', 'paid'), [[], true, 'event-3']);
    assert.deepEqual(owed(), [[], false, undefined]);
  });
});
