import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { minor } from '../../shared/money/money.ts';
import { anEvent } from '../../shared/testing/an-event.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { passing } from '../order-filters.ts';
import { plain } from '../paint.ts';
import { type FollowOptions, followOrders } from './follow-orders.ts';
import { createOrderBoard, type OrderChange } from './order-board.ts';
import { boardLines, changeLine } from './render-changes.ts';
import { createScreen } from './screen.ts';

const ctx = background();
const codec = orderEventCodec(2);

const created = (orderId: string): OrderEvent => ({
  type: 'created',
  order: {
    orderId,
    customerId: 'ada',
    restaurantId: 'trattoria',
    amount: minor(1_950),
    items: [{ code: 'P', name: 'Pizza', unitPrice: minor(1_950), quantity: 1 }],
    createdOn: '2026-01-31T12:00:00.000Z',
  },
});
const debited = (orderId: string): OrderEvent => ({
  ...{ type: 'paymentdebited', orderId, customerId: 'ada' },
  ...{ amount: minor(1_950), paymentId: `pay-${orderId}` },
});

function log() {
  const store = createMemoryEventStore({ stream: 'ORDERS' });
  const append = (orderId: string, event: OrderEvent) =>
    store.append(ctx, { events: [anEvent({ ...codec.encode(event), aggregateId: orderId })] });
  return { store, append };
}

/** Follows until `until` of the changes holds. */
async function followed(
  options: Pick<FollowOptions, 'store' | 'after'> & Partial<FollowOptions>,
  until: (changes: readonly OrderChange[]) => boolean,
): Promise<readonly OrderChange[]> {
  const changes: OrderChange[] = [];
  const ended = new AbortController();
  await followOrders(ctx, {
    board: createOrderBoard(codec, 2),
    signal: ended.signal,
    onChange(change) {
      changes.push(change);
      if (until(changes)) ended.abort();
    },
    ...options,
  });
  return changes;
}

describe('orders, as they are watched', () => {
  it('tell each change in the order of the log, in the fields of ordersvc', async () => {
    const { store, append } = log();
    await append('o-1', created('o-1'));
    await append('o-1', debited('o-1'));
    const [first, second] = await followed({ store, after: 0n }, ({ length }) => length === 2);
    const { changed_at, ...rest } = first ?? assert.fail();
    assert.ok(Date.parse(changed_at) > 0);
    assert.deepEqual(rest, {
      order_id: 'o-1',
      customer_id: 'ada',
      restaurant_id: 'trattoria',
      amount: 19.5,
      created_on: '2026-01-31T12:00:00.000Z',
      status: 'Pending',
      payment_status: 'none',
      version: 1,
      event_type: 'ORDERS.created',
      position: 1,
    });
    assert.deepEqual(
      [second?.status_before, second?.status, second?.payment_status],
      ['Pending', 'Paid', 'debited'],
    );
  });

  it('that began before are known whole', async () => {
    const { store, append } = log();
    await append('o-1', created('o-1'));
    await append('o-1', debited('o-1'));
    const [only] = await followed({ store, after: 1n }, ({ length }) => length === 1);
    assert.deepEqual(
      [only?.status_before, only?.status, only?.amount, only?.version],
      ['Pending', 'Paid', 19.5, 2],
    );
  });

  it('are watched on where the event store comes back, and from where it went', async () => {
    const { store, append } = log();
    await append('o-1', created('o-1'));
    let asked = 0;
    const away: boolean[] = [];
    const places: (bigint | undefined)[] = [];
    const flaky: FollowOptions['store'] = {
      ...store,
      async batches(given, request) {
        places.push(request.afterPosition);
        if (++asked === 2) throw new CodedError('unavailable', 'away', 'It is away.');
        const batches = await store.batches(given, request);
        if (asked > 1) return batches;
        return (async function* once() {
          for await (const batch of batches) {
            yield batch;
            await append('o-1', debited('o-1'));
            throw new CodedError('unavailable', 'away', 'It went.');
          }
        })();
      },
    };
    const changes = await followed(
      { store: flaky, after: 0n, onAway: (now) => away.push(now) },
      ({ length }) => length === 2,
    );
    assert.deepEqual(
      changes.map(({ position }) => position),
      [1, 2],
    );
    assert.deepEqual(
      [places, away],
      [
        [0n, 1n, 1n],
        [true, true, false],
      ],
    );
  });

  it('end with the error of an event store that refuses', async () => {
    const { store } = log();
    const refusing: FollowOptions['store'] = {
      ...store,
      batches: async () => {
        throw new CodedError('forbidden', 'not_permitted', 'No.');
      },
    };
    await assert.rejects(
      followed({ store: refusing, after: 0n }, () => false),
      { code: 'not_permitted' },
    );
  });

  it('pass the filters that are given, all of them', () => {
    const order = { customer_id: 'ada', restaurant_id: 'r', status: 'Paid', amount: 19.5 };
    for (const [filters, passes] of [
      [{}, true],
      [{ customer: 'ada', restaurant: 'r', status: 'Paid' }, true],
      [{ customer: 'ada', status: 'Pending' }, false],
      [{ restaurant: 'other' }, false],
      [{ minAmount: '19.50', maxAmount: '19.5' }, true],
      [{ minAmount: '19.51' }, false],
      [{ maxAmount: '19.49' }, false],
    ] as const) {
      assert.equal(passing(filters, 2)(order), passes, JSON.stringify(filters));
    }
    assert.throws(() => passing({ minAmount: 'much' }, 2), /--min-amount: must be an amount/);
    assert.throws(() => passing({ maxAmount: '1.001' }, 2), /--max-amount: .* at most 2 decimals/);
  });
});

describe('a watch for people', () => {
  const change: OrderChange = {
    ...{ order_id: 'o-1', customer_id: 'ada', restaurant_id: 'trattoria', amount: 19.5 },
    ...{ status_before: 'Paid', status: 'Rejected', reason: 'sold out', version: 3 },
    ...{ payment_status: 'debited', event_type: 'ORDERS.rejected', position: 7 },
    changed_at: '2026-01-31T12:00:00.000Z',
  };

  it('is a line for each change, where there is no terminal', () => {
    assert.equal(
      changeLine(change, 2, plain),
      '2026-01-31 12:00:00.000 UTC  o-1  Paid → Rejected (sold out)  payment debited  19.50  ada  trattoria',
    );
  });

  it('is a table of what changed last, as much as the screen holds', () => {
    const latest = { ...change, order_id: 'o-2', changed_at: '2026-01-31T12:01:05.000Z' };
    const rows = [change, latest, { ...change, order_id: 'o-3' }];
    const now = new Date('2026-01-31T12:01:05.900Z');
    const shown = { rows, position: 7, away: false, now, lines: 5, columns: 200 };
    assert.deepEqual(boardLines(shown, 2, plain), [
      'the log is at 7 – Ctrl-C ends this',
      '',
      'order  status    payment  amount  restaurant  customer  changed',
      'o-1    Rejected  debited  19.50   trattoria   ada       1 min 5 s ago',
      'o-2    Rejected  debited  19.50   trattoria   ada       now',
    ]);
    const narrow = boardLines({ ...shown, away: true, columns: 10 }, 2, plain);
    assert.match(narrow[0] ?? '', /does not answer/);
    assert.equal(narrow[3], 'o-1    Rej');
  });

  it('draws at most four times a second, always the newest, and gives the terminal back once', async () => {
    const written: string[] = [];
    const screen = createScreen({ write: (text) => written.push(text) });
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      screen.show(() => ['old']);
      screen.show(() => ['new', 'line']);
      assert.equal(written.length, 1);
      mock.timers.tick(250);
      assert.equal(written.length, 2);
      screen.show(() => ['never']);
      screen.end();
      screen.end();
      mock.timers.tick(1_000);
    } finally {
      mock.timers.reset();
    }
    await eventually('all is written', async () => written.length === 3);
    assert.deepEqual(written, [
      '\x1b[?1049h\x1b[?25l',
      '\x1b[Hnew\x1b[K\nline\x1b[K\x1b[J',
      '\x1b[?25h\x1b[?1049l',
    ]);
  });
});
