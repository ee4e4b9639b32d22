import assert from 'node:assert/strict';
import type { RecordedEvent } from '../../eventstore/event-store.ts';
import { type HoldHistory, holdEvents, holdProcess } from '../../testing/room-hold.ts';
import { pastWaits } from './past-waits.ts';

/** The history of an aggregate, behind `before` other events in the log. */
const history = (aggregateId: string, before: number, ...types: HoldHistory): RecordedEvent[] =>
  holdEvents(...types).map((event, index) => ({
    ...event,
    aggregateId,
    version: BigInt(index + 1),
    position: BigInt(before + index + 1),
  }));

describe('the waits of the past', () => {
  const past = () => pastWaits(holdProcess);
  const [requested, held, confirmed] = history('one', 0, 'requested', 'held', 'confirmed');
  assert.ok(requested && held && confirmed);

  it('are known of what was given from its first event on, over several batches', () => {
    const waits = past();
    waits.given([requested]);
    assert.deepEqual(waits.of('one')?.awaited, ['answer']);
    waits.given([held]);
    assert.deepEqual(waits.of('one')?.since.hold, held);
    waits.given([confirmed]);
    assert.deepEqual(waits.of('one')?.awaited, []);
    assert.equal(waits.of('other'), undefined);
  });

  it('are not known of what was not given whole', () => {
    const waits = past();
    waits.given([held]);
    assert.equal(waits.of('one'), undefined);
    waits.given([{ ...confirmed, position: 4n }]);
    const gap = past();
    gap.given([requested, confirmed]);
    assert.equal(gap.of('one'), undefined);
    gap.given([{ ...confirmed, position: 4n, version: 4n }]);
    assert.equal(gap.of('one'), undefined, 'what follows a gap does not close it');
  });

  it('are not known where a command is due, or an event cannot be read', () => {
    const waits = past();
    const owed = history('owed', 0, 'held', 'paid', 'expired');
    waits.given(owed);
    assert.equal(waits.of('owed'), undefined);
    const [, , , asked] = history('owed', 0, 'held', 'paid', 'expired', 'refundrequested');
    waits.given(asked === undefined ? [] : [asked]);
    assert.deepEqual(waits.of('owed')?.awaited, ['refund'], 'until its event was given');
    waits.given([{ ...requested, position: 9n, data: 'spoilt' }]);
    assert.equal(waits.of('one'), undefined);
  });

  it('are forgotten at the end of the log, and when it is followed again from an earlier place', () => {
    const waits = past();
    waits.given([requested, held]);
    waits.given([]);
    assert.equal(waits.of('one'), undefined);
    waits.given([requested, held]);
    waits.given([held]);
    assert.equal(waits.of('one'), undefined);
  });

  it('are not kept of what waits for nothing more, nor of more than ten thousand', () => {
    const waits = past();
    waits.given([requested, held, confirmed]);
    const many = Array.from({ length: 10_001 }, (_, n) => history(`${n}`, n + 3, 'requested'));
    waits.given(many.flat());
    assert.equal(waits.of('one'), undefined);
    assert.equal(waits.of('0'), undefined);
    assert.deepEqual(waits.of('1')?.awaited, ['answer']);
  });
});
