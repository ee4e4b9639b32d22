import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createTurns } from './turns.ts';

describe('turns', () => {
  /** Has `count` to begin, and notes each in `order`. */
  const bringing = (name: string, count: number, order: string[]) => {
    let left = count;
    return (most: number) => {
      const begun = Math.min(most, left);
      left -= begun;
      order.push(...Array<string>(begun).fill(name));
      return begun;
    };
  };

  it('what is little begins at once', () => {
    const order: string[] = [];
    createTurns().ask(bringing('one', 3, order));
    assert.deepEqual(order, ['one', 'one', 'one']);
  });

  it('who brings little begins among the first of many who bring much', async () => {
    const order: string[] = [];
    const turns = createTurns();
    turns.ask(bringing('flood', 100_000, order));
    turns.ask(bringing('small', 1, order));
    assert.ok(!order.includes('small'), 'this turn is used up');
    await nextTurn();
    await nextTurn();
    assert.ok(order.indexOf('small') < 1_100, `it was number ${order.indexOf('small')}`);
  });

  it('a turn of the event loop begins a bounded number, and the next goes on', async () => {
    const order: string[] = [];
    createTurns().ask(bringing('flood', 2_000, order));
    const first = order.length;
    assert.ok(first < 1_000);
    await nextTurn();
    await nextTurn();
    assert.ok(order.length > first);
  });

  it('no more are under way than memory has room for; each that ends makes room for one', async () => {
    const order: string[] = [];
    const turns = createTurns();
    turns.ask(bringing('flood', 100_000, order));
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    const most = order.length;
    assert.ok(most < 10_000);
    turns.ended();
    await nextTurn();
    await nextTurn();
    assert.equal(order.length, most + 1);
  });
});
