import assert from 'node:assert/strict';
import type { OrderRow, Pipeline } from '../../../shared/contracts/console.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { type Sees, seesAll } from '../orders/asker.ts';
import { liveReaders } from './live-readers.ts';

const row = (order_id: string, restaurant_id: string, customer_id?: string): OrderRow => ({
  order_id,
  restaurant_id,
  ...(customer_id !== undefined && { customer_id }),
  amount: '1.00',
  status: 'Paid',
  payment_status: 'debited',
  version: 2,
  created_at: '',
  changed_at: '',
});
const hello = () => ({
  position: 7,
  pipeline: [{ at: '', head: 7, accepted: 0, completed: 0, lag: {} }],
});
const ofRestaurant = (restaurantId: string): Sees => ({
  any: false,
  customerId: undefined,
  restaurantId,
});

/** Somebody who reads, and what came. */
function open(readers: ReturnType<typeof liveReaders>, sees: Sees, share = 'somebody') {
  const got: [string, Record<string, unknown>][] = [];
  const gone = new AbortController();
  const take = (text: string) => {
    const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? [];
    got.push([event, JSON.parse(data)]);
  };
  readers.feed({ sees, share, lifeMs: 60_000 }, hello).begin({
    send: (event, data) => got.push([event, data as Record<string, unknown>]),
    sendText: take,
    beat: () => undefined,
    end: () => gone.abort(),
    gone: gone.signal,
  });
  return { got, leave: () => gone.abort() };
}

const tooMany = (error: unknown) =>
  error instanceof CodedError && error.code === 'too_many_readers';

describe('those who read what happens', () => {
  it('get the orders that are theirs, and operators all', () => {
    const readers = liveReaders(10);
    const all = open(readers, seesAll);
    const trattoria = open(readers, ofRestaurant('trattoria'));
    const bistro = open(readers, ofRestaurant('bistro'));
    const ada = open(readers, { any: false, customerId: 'ada', restaurantId: undefined });
    const rows = [row('1', 'trattoria', 'ada'), row('2', 'taverna', 'bob'), row('3', 'trattoria')];
    readers.orders({ rows, changed: 3, accepted: 9 });
    readers.pipeline({ head: 9 } as Pipeline);
    const ids = ({ got }: typeof all) =>
      got.flatMap(([event, data]) =>
        event === 'orders' ? (data.rows as OrderRow[]).map(({ order_id }) => order_id) : [],
      );
    assert.deepEqual(ids(all), ['1', '2', '3']);
    assert.deepEqual(ids(trattoria), ['1', '3']);
    assert.deepEqual(ids(bistro), []);
    assert.deepEqual(ids(ada), ['1']);
    assert.deepEqual(
      [all, trattoria].map(({ got }) => got.some(([event]) => event === 'pipeline')),
      [true, false],
    );
    const [, told] = trattoria.got.find(([event]) => event === 'orders') ?? [];
    assert.deepEqual(Object.keys(told ?? {}), ['rows'], 'no counts of others');
    assert.deepEqual(trattoria.got[0], ['hello', { position: 7, pipeline: [] }]);
    for (const one of [all, trattoria, bistro, ada]) one.leave();
    assert.equal(readers.count, 0);
  });

  it('are at most so many', () => {
    const readers = liveReaders(2);
    const first = open(readers, seesAll);
    const second = open(readers, seesAll);
    assert.throws(() => open(readers, seesAll), tooMany);
    first.leave();
    open(readers, seesAll).leave();
    second.leave();
  });

  it('have four places each, unless they see all', () => {
    const readers = liveReaders(64);
    const pages = Array.from({ length: 4 }, () => open(readers, ofRestaurant('bistro'), 'bistro'));
    assert.throws(() => open(readers, ofRestaurant('bistro'), 'bistro'), tooMany);
    pages.push(open(readers, ofRestaurant('trattoria'), 'trattoria'));
    for (let n = 0; n < 5; n++) pages.push(open(readers, seesAll, 'olga'));
    for (const page of pages) page.leave();
    open(readers, ofRestaurant('bistro'), 'bistro').leave();
    assert.equal(readers.count, 0);
  });

  it('cannot take the places that are kept for those who see all', () => {
    const readers = liveReaders(4);
    const pages = ['a', 'b', 'c'].map((id) => open(readers, ofRestaurant(id), id));
    assert.throws(() => open(readers, ofRestaurant('d'), 'd'), tooMany);
    pages.push(open(readers, seesAll, 'olga'));
    for (const page of pages) page.leave();
  });

  it('are no more when many were let in at once', () => {
    const readers = liveReaders(1);
    const asks = { sees: seesAll, share: 'olga', lifeMs: 60_000 };
    const feeds = [readers.feed(asks, hello), readers.feed(asks, hello)];
    const ended: number[] = [];
    const gone = new AbortController();
    for (const [n, feed] of feeds.entries()) {
      feed.begin({
        send: () => undefined,
        sendText: () => undefined,
        beat: () => undefined,
        end: () => ended.push(n),
        gone: gone.signal,
      });
    }
    assert.deepEqual([readers.count, ended], [1, [1]]);
    gone.abort();
  });

  it('read for so long, and then must ask again', async () => {
    const readers = liveReaders(1);
    let ended = false;
    readers.feed({ sees: seesAll, share: 'olga', lifeMs: 20 }, hello).begin({
      send: () => undefined,
      sendText: () => undefined,
      beat: () => undefined,
      end: () => {
        ended = true;
      },
      // Who does not read what is left does not keep the place.
      gone: new AbortController().signal,
    });
    assert.equal(readers.count, 1);
    await eventually('it has ended', () => ended);
    assert.equal(readers.count, 0);
  });
});
