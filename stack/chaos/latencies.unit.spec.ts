import assert from 'node:assert/strict';
import { pauseOfAccepting, pausesByKind } from './latencies.ts';
import type { Told } from './person.ts';

/** An order that was sent and accepted at these times. */
const order = ([sentAt, at]: readonly [number, number]): Told => ({
  wish: { n: 0, kind: 'approved', customerId: 'ann', amountMinor: 1, body: '' } as Told['wish'],
  sentAt,
  acceptedMs: at - sentAt,
  failed: 0,
  deeds: [],
  problems: [],
});

const fault = { beganAt: 1_000, overAt: 2_000, readyAt: 3_000 };
const pause = (...orders: readonly (readonly [number, number])[]) =>
  pauseOfAccepting(orders.map(order), fault);

describe('the pause of accepting that a fault makes', () => {
  it('is the longest in which somebody waited and nobody was accepted', () => {
    assert.equal(pause([880, 900], [890, 1_800], [1_790, 1_810]), 900);
    assert.equal(pause([1_790, 1_810], [890, 1_800], [880, 900]), 900, 'whatever their sequence');
    assert.equal(pause([1_100, 2_500], [1_200, 1_300], [1_250, 1_900]), 600);
    assert.equal(pause([2_900, 9_000]), 6_100, 'also where it goes on after the fault');
  });

  it('is no pause while nobody orders', () => {
    assert.equal(pause([900, 910], [2_900, 2_950]), 50);
  });

  it('is no pause that was over before, or that began after', () => {
    assert.equal(pause([100, 950], [1_000, 1_010], [3_100, 9_000]), 10);
    assert.equal(pause([100, 900]), undefined);
    assert.equal(pause([3_100, 9_000]), undefined);
  });

  it('is told for each kind of fault, of whichever instance, the longest first', () => {
    const faults = [
      { name: 'NATS-2 killed', pauseMs: 20 },
      { name: 'NATS killed', pauseMs: 10 },
      { name: 'ordersvc and ordersvc-2 killed', pauseMs: 900 },
      { name: 'ordersvc-2 killed', pauseMs: 1 },
      { name: 'ordersvc – eventstoresvc cut', pauseMs: 5 },
      { name: 'PostgreSQL away', pauseMs: undefined },
    ];
    assert.deepEqual(pausesByKind(faults), [
      ['ordersvc killed', 900],
      ['NATS killed', 20],
      ['ordersvc – eventstoresvc cut', 5],
    ]);
  });
});
