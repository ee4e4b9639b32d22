import assert from 'node:assert/strict';
import type { RecordedEvent } from '../eventstore/event-store.ts';
import { type HoldHistory, holdEvents, holdProcess } from '../testing/room-hold.ts';
import { deadlineSince, dueNow, isAskedAgain, kindsOf, waitMsOf } from './deadline-rules.ts';

const rules = holdProcess.deadlines;
const first = (...events: HoldHistory): RecordedEvent => {
  const [event] = holdEvents(...events);
  assert.ok(event);
  return event;
};

describe('a rule for a deadline', () => {
  it('counts from the event that begins the wait, and carries its trace on', () => {
    const metadata = { traceparent: 'trace-1', correlation_id: 'submission-1' };
    const requested = { ...first('requested'), metadata };
    assert.deepEqual(deadlineSince(requested, 'answer', rules.answer), {
      aggregateId: 'booking-1',
      kind: 'answer',
      dueAt: new Date(60_000),
      position: 101n,
      ceilingAt: new Date(3_600_000),
      traceparent: 'trace-1',
      correlationId: 'submission-1',
      causedBy: 'event-1',
    });
  });

  it('counts from its time alone where no worker gets the event that began the wait', () => {
    assert.equal(deadlineSince(first('held'), 'answer', rules.answer).position, 0n);
    assert.equal(deadlineSince(first('held'), 'hold', rules.hold).position, 0n);
  });

  it('is in no trace where its event is in none', () => {
    const { traceparent, correlationId } = deadlineSince(first('held'), 'hold', rules.hold);
    assert.deepEqual([traceparent, correlationId], ['', '']);
  });

  it('has its ceiling no earlier than it is due', () => {
    const { dueAt, ceilingAt } = deadlineSince(first('held'), 'hold', {
      waitMs: 600_000,
      ceilingMs: 1,
    });
    assert.deepEqual([dueAt, ceilingAt], [new Date(600_000), new Date(600_000)]);
  });

  it('waits twice as long each time a worker is asked again, up to its longest', () => {
    assert.deepEqual(
      [0, 1, 2, 3, 4, 100].map((asked) => waitMsOf(rules.refund, asked)),
      [1_000, 1_000, 2_000, 4_000, 5_000, 5_000],
    );
    assert.equal(waitMsOf(rules.answer, 5), 60_000);
    const { dueAt } = deadlineSince(first('refundrequested'), 'refund', rules.refund);
    assert.deepEqual(dueAt, new Date(1_000), 'the first time, unless it is said');
    const impatient = { ...rules.refund, waitMs: 9_000 };
    assert.equal(waitMsOf(impatient, 3), 9_000, 'and never shorter than the first');
  });

  it('is due at once, whatever its worker was given, where somebody says so', () => {
    const { dueAt, ceilingAt, position } = dueNow(first('requested'), 'answer');
    assert.deepEqual([dueAt, ceilingAt, position], [new Date(0), new Date(0), 0n]);
  });

  it('says whether its worker is asked again', () => {
    const again = kindsOf(rules).filter((kind) => isAskedAgain(rules[kind]));
    assert.deepEqual([kindsOf(rules), again], [['answer', 'hold', 'refund'], ['refund']]);
  });
});
