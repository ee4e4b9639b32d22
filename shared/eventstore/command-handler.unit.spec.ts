import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { background, causedBy } from '../kit/context.ts';
import { CodedError, codedError } from '../kit/errors.ts';
import { commandHandler } from './command-handler.ts';
import type { Decider, Decision } from './decider.ts';
import type { EventStore } from './event-store.ts';
import type { EventCodec } from './event-table.ts';
import { createMemoryEventStore } from './memory/memory-event-store.ts';

/** A parcel is sent and weighed, and then delivered or given back. */
type ParcelEvent =
  | { readonly type: 'sent' | 'delivered' | 'returned' }
  | { readonly type: 'weighed'; readonly grams: number };
type ParcelCommand = { readonly type: 'send' | 'deliver' | 'return' } | WeighCommand;
type WeighCommand = { readonly type: 'weigh'; readonly grams: number };
type ParcelStatus = 'none' | 'sent' | 'weighed' | 'delivered' | 'returned';

const accept = (...events: ParcelEvent[]): Decision<ParcelEvent> => ({ accepted: true, events });
const refuse = (code: string): Decision<ParcelEvent> => ({ accepted: false, code, message: code });

const parcels: Decider<ParcelStatus, ParcelCommand, ParcelEvent> = {
  initialState: 'none',
  decide: (command, status) => {
    switch (command.type) {
      case 'send':
        return status === 'none' ? accept({ type: 'sent' }) : refuse('sent_before');
      case 'weigh':
        return accept({ type: 'weighed', grams: command.grams });
      default:
        if (status !== 'weighed') return refuse('not_under_way');
        return accept({ type: command.type === 'deliver' ? 'delivered' : 'returned' });
    }
  },
  evolve: (_status, event) => event.type,
};

const codec: EventCodec<ParcelEvent> = {
  encode: ({ type, ...data }) => ({ eventType: `PARCELS.${type}`, data: JSON.stringify(data) }),
  decode: ({ eventType, data }) => {
    const payload: unknown = JSON.parse(data);
    if (typeof payload !== 'object' || Array.isArray(payload)) {
      throw new CodedError('invalid', 'unreadable_event', 'It is no object.');
    }
    return { ...payload, type: eventType.replace('PARCELS.', '') } as ParcelEvent;
  },
};

const ctx = causedBy(background('c-1'), { eventId: 'cause-1' });
const weigh = { type: 'weigh', grams: 500 } as const;

describe('the command handler', () => {
  let store: EventStore;
  beforeEach(() => {
    store = createMemoryEventStore({ stream: 'PARCELS' });
  });

  const handle = (
    command: ParcelCommand | undefined,
    kind: 'decision' | 'fact' = 'decision',
    over = store,
  ) => {
    const id = randomUUID();
    return commandHandler({ decider: parcels, codec, aggregateType: 'parcel', store: over }).handle(
      ctx,
      {
        aggregateId: 'p-1',
        kind,
        command: () => command,
        eventId: (index) => `${id}-${index}`,
      },
    );
  };

  it('what is decided about an aggregate that is there goes before new work', async () => {
    const lanes: unknown[] = [];
    const heard: EventStore = {
      ...store,
      append: (context, request) => {
        lanes.push(request.lane);
        return store.append(context, request);
      },
    };
    await handle({ type: 'send' }, 'decision', heard);
    await handle(weigh, 'fact', heard);
    assert.deepEqual(lanes, ['new work', 'answers']);
  });

  /** The store, where somebody else weighs the parcel before each of the first `times` appends. */
  function contended(times: number): EventStore {
    return {
      ...store,
      append: async (context, request) => {
        if (times-- > 0) await handle(weigh, 'fact');
        return store.append(context, request);
      },
    };
  }

  it('reads, decides and appends what was decided, with its correlation and cause', async () => {
    await handle({ type: 'send' });
    const { decision, state, version, appended } = await handle(weigh, 'fact');
    assert.equal(decision.accepted, true);
    assert.deepEqual([state, version, appended?.version], ['sent', 1n, 2n]);
    const [, stored] = await store.readAggregate(ctx, {
      aggregateType: 'parcel',
      aggregateId: 'p-1',
    });
    assert.deepEqual([stored?.eventType, stored?.data], ['PARCELS.weighed', '{"grams":500}']);
    assert.deepEqual(stored?.metadata, { correlation_id: 'c-1', causation_id: 'cause-1' });
  });

  it('a refusal is an answer and appends nothing', async () => {
    const { decision, appended } = await handle({ type: 'deliver' });
    assert.equal(decision.accepted, false);
    assert.equal(appended, undefined);
    assert.equal(await store.head(ctx), 0n);
  });

  it('without a command for the state nothing is decided and nothing appended', async () => {
    const { decision, appended } = await handle(undefined);
    assert.deepEqual(decision, { accepted: true, events: [] });
    assert.equal(appended, undefined);
    assert.equal(await store.head(ctx), 0n);
  });

  it('a decision is taken again when the aggregate has moved, and may then be refused', async () => {
    await handle({ type: 'send' });
    await handle(weigh, 'fact');
    const racing: EventStore = {
      ...store,
      append: async (context, request) => {
        await handle({ type: 'return' });
        return store.append(context, request);
      },
    };
    const { decision, state } = await handle({ type: 'deliver' }, 'decision', racing);
    assert.deepEqual([decision.accepted, state], [false, 'returned']);
  });

  it('a fact is recorded at whatever version', async () => {
    await handle({ type: 'send' });
    const { appended } = await handle(weigh, 'fact', contended(1));
    assert.equal(appended?.version, 3n);
  });

  it('an event that cannot be read does not keep its aggregate from ending', async () => {
    await handle({ type: 'send' });
    await handle(weigh, 'fact');
    await store.append(ctx, {
      events: [
        {
          eventId: randomUUID(),
          eventType: 'PARCELS.returned',
          aggregateId: 'p-1',
          aggregateType: 'parcel',
          data: '[]',
          metadata: {},
        },
      ],
    });
    assert.equal((await handle({ type: 'deliver' })).decision.accepted, true);
  });

  it('an aggregate that never stands still is a conflict in the end', async () => {
    let n = 0;
    const restless: EventStore = {
      ...store,
      append: async () => {
        n++;
        throw new CodedError('conflict', 'version_conflict', 'moved');
      },
    };
    const error = await handle({ type: 'send' }, 'decision', restless).catch((e) => e);
    assert.equal(codedError(error).kind, 'conflict');
    assert.equal(n, 8);
  });

  describe('with a store that remembers', () => {
    /** Remembers the aggregate as it is now, whatever happens to it later. */
    async function remembering() {
      await handle({ type: 'send' });
      await handle(weigh);
      const recent = await store.readAggregate(ctx, {
        aggregateType: 'parcel',
        aggregateId: 'p-1',
      });
      const counts = { reads: 0 };
      const over = {
        ...store,
        recentAggregate: () => recent,
        readAggregate: (...args: Parameters<EventStore['readAggregate']>) => {
          counts.reads++;
          return store.readAggregate(...args);
        },
      };
      return { over, counts };
    }

    it('decides by what is remembered, and reads nothing', async () => {
      const { over, counts } = await remembering();
      const { appended } = await handle({ type: 'deliver' }, 'decision', over);
      assert.equal(appended?.version, 3n);
      assert.equal(counts.reads, 0);
    });

    it('a decision on a state that is no longer so is taken again on the newest', async () => {
      const { over } = await remembering();
      await handle({ type: 'return' });
      const { decision, appended } = await handle({ type: 'deliver' }, 'decision', over);
      assert.deepEqual([decision.accepted, appended], [false, undefined]);
    });

    it('nothing is refused or left undone by what is only remembered', async () => {
      const { over, counts } = await remembering();
      await handle({ type: 'return' });
      const refused = await handle({ type: 'send' }, 'decision', over);
      assert.equal(refused.state, 'returned');
      const nothing = await handle(undefined, 'decision', over);
      assert.equal(nothing.state, 'returned');
      assert.equal(counts.reads, 2);
    });

    it('a fact is recorded on the newest state', async () => {
      const { over, counts } = await remembering();
      await handle(weigh, 'fact', over);
      assert.equal(counts.reads, 1);
    });
  });
});
