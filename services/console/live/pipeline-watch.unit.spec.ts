import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { minor } from '../../../shared/money/money.ts';
import { type Sees, seesAll } from '../orders/asker.ts';
import { type LiveReaders, liveReaders } from './live-readers.ts';
import { createOrderChanges, type OrderChanges } from './order-changes.ts';
import { type PipelineWatch, pipelineWatch } from './pipeline-watch.ts';

const codec = orderEventCodec(2);
const patience = { paymentMs: 60_000, reviewMs: 60_000 };

describe('the watch over the pipeline', () => {
  let asked: Record<'parts' | 'checkpoints' | 'letters', number>;
  let changes: OrderChanges;
  let readers: LiveReaders;
  let watch: PipelineWatch;
  let placed = 0;

  beforeEach(async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    asked = { parts: 0, checkpoints: 0, letters: 0 };
    changes = createOrderChanges(codec, patience);
    readers = liveReaders(10);
    watch = pipelineWatch({
      store: {
        listCheckpoints: async () => {
          asked.checkpoints++;
          return [];
        },
        deadLetters: async () => {
          asked.letters++;
          return [];
        },
      },
      log: {
        name: 'log watch',
        position: () => BigInt(placed),
        head: () => BigInt(placed),
        blind: () => undefined,
        look: async (most) => changes.look(most),
      },
      changes,
      parts: {
        ask: async () => {
          asked.parts++;
        },
        parts: () => [],
        part: () => undefined,
      },
      addresses: [],
      readers,
      decimals: 2,
      patience,
      logger: silentLogger,
      now: () => 0,
    });
    await watch.start?.();
    await settled();
  });
  afterEach(async () => {
    await watch.stop?.();
    mock.timers.reset();
  });

  const settled = () => new Promise((resolve) => setImmediate(resolve));
  async function pass(seconds: number): Promise<void> {
    for (let quarters = 0; quarters < seconds * 4; quarters++) {
      mock.timers.tick(250);
      await settled();
    }
  }

  /** A page that is open: what it is told. */
  function open(sees: Sees = seesAll) {
    const rows: number[] = [];
    const changed: number[] = [];
    const gone = new AbortController();
    const take = (event: string, data: { rows: unknown[]; changed?: number }) => {
      if (event !== 'orders') return;
      rows.push(data.rows.length);
      changed.push(data.changed ?? 0);
    };
    readers
      .feed({ sees, share: '', lifeMs: 60_000 }, () => ({ position: 0, pipeline: [] }))
      .begin({
        send: (event, data) => take(event, data as never),
        sendText: (text) => {
          const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)/.exec(text) ?? [];
          take(event, JSON.parse(data));
        },
        beat: () => undefined,
        end: () => gone.abort(),
        gone: gone.signal,
      });
    return { rows, changed, leave: () => gone.abort() };
  }

  function place(count: number, restaurantId = 'trattoria'): void {
    for (let n = 0; n < count; n++) {
      const orderId = `order-${++placed}`;
      const order = {
        orderId,
        customerId: 'ada',
        restaurantId,
        amount: minor(100),
        items: [],
        createdOn: '2026-03-01T18:30:00.000Z',
      };
      const event: RecordedEvent = {
        ...codec.encode({ type: 'created', order }),
        eventId: `e${placed}`,
        aggregateId: orderId,
        aggregateType: 'order',
        stream: 'ORDERS',
        metadata: {},
        version: 1n,
        position: BigInt(placed),
        createdAt: new Date(0),
      };
      changes.take([event]);
    }
  }

  it('asks each second while somebody watches, and else every five seconds', async () => {
    const before = { ...asked };
    await pass(10);
    assert.deepEqual(
      [asked.parts - before.parts, asked.checkpoints - before.checkpoints],
      [2, 2],
      'in ten seconds nobody watched',
    );
    const page = open();
    const then = { ...asked };
    await pass(5);
    assert.deepEqual([asked.parts - then.parts, asked.checkpoints - then.checkpoints], [5, 5]);
    page.leave();
    assert.ok(watch.hour.length > 0);
  });

  it('tells what changed within a quarter of a second, as long as it is not more than a page shows', async () => {
    const page = open();
    for (let n = 0; n < 4; n++) {
      place(3);
      await pass(0.25);
    }
    assert.deepEqual(
      [page.rows, page.changed],
      [
        [3, 3, 3, 3],
        [3, 3, 3, 3],
      ],
    );
    page.leave();
  });

  it('of more than a page shows it tells once a second how many, and the newest', async () => {
    const page = open();
    for (let n = 0; n < 8; n++) {
      place(60);
      await pass(0.25);
    }
    assert.deepEqual(
      [page.rows, page.changed],
      [
        [50, 50],
        [60, 240],
      ],
    );
    page.leave();
  });

  it('a restaurant is told of its orders among many more', async () => {
    const page = open({ any: false, customerId: undefined, restaurantId: 'bistro' });
    place(2, 'bistro');
    place(100);
    await pass(0.25);
    assert.deepEqual(page.rows, [2]);
    page.leave();
  });
});
