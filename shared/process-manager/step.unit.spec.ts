import assert from 'node:assert/strict';
import { type Hold, type HoldKind, holdProcess } from '../testing/room-hold.ts';
import { stepOf } from './step.ts';

const event = { type: 'event' } as const;
const due = (kind: HoldKind) => ({ type: 'deadline', kind }) as const;
const on = (status: Hold['status'], money: Hold['money']) => ({
  event: () => stepOf(holdProcess, { status, money }, event, 'booking-1'),
  due: (kind: HoldKind) => stepOf(holdProcess, { status, money }, due(kind), 'booking-1'),
});

describe('a step of a process', () => {
  it('an event clears what is passed for good, and nothing that may be awaited yet', () => {
    assert.deepEqual(on('Requested', 'none').event().clears, []);
    assert.deepEqual(on('Held', 'none').event().clears, ['answer']);
    assert.deepEqual(on('Confirmed', 'paid').event().clears, ['answer', 'hold']);
  });

  it('an event has the command that the state asks for', () => {
    const trigger = event;
    const clears = ['answer', 'hold'];
    assert.deepEqual(on('Expired', 'paid').event(), {
      command: { type: 'refund' },
      trigger,
      clears,
    });
    assert.deepEqual(on('Expired', 'none').event(), { command: undefined, trigger, clears });
  });

  it('a deadline that is awaited has its own command, and goes', () => {
    assert.deepEqual(on('Held', 'none').due('hold'), {
      command: { type: 'expire' },
      trigger: due('hold'),
      clears: ['hold'],
    });
  });

  it('a deadline whose worker is asked again stays', () => {
    assert.deepEqual(on('Expired', 'refunding').due('refund'), {
      command: { type: 'refund' },
      trigger: due('refund'),
      clears: [],
    });
  });

  it('a deadline that finds its aggregate elsewhere counts as an event, and goes', () => {
    const nothing = { command: undefined, trigger: event };
    assert.deepEqual(on('Requested', 'none').due('hold'), { ...nothing, clears: ['hold'] });
    assert.deepEqual(on('Held', 'none').due('answer'), { ...nothing, clears: ['answer'] });
    assert.deepEqual(on('None', 'none').due('hold'), { ...nothing, clears: ['hold'] });
  });

  it('with a deadline that is passed, all others that are passed go', () => {
    assert.deepEqual(on('Confirmed', 'paid').due('hold'), {
      command: undefined,
      trigger: event,
      clears: ['answer', 'hold'],
    });
    assert.deepEqual(on('Expired', 'paid').due('answer'), {
      command: { type: 'refund' },
      trigger: event,
      clears: ['answer', 'hold'],
    });
  });

  it('a deadline that is neither awaited nor passed and finds something to do looks once more', () => {
    const { command, clears } = on('Expired', 'paid').due('refund');
    assert.deepEqual([command, clears], [{ type: 'refund' }, []]);
  });
});
