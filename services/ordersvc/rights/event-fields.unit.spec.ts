import assert from 'node:assert/strict';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { eventsFor } from './event-fields.ts';

describe('the events of an order, as people see them', () => {
  const event = (data: string): RecordedEvent =>
    ({
      data,
      metadata: {
        correlation_id: 'c',
        causation_id: 'd',
        actor: 'operator olga',
        traceparent: 't',
      },
    }) as unknown as RecordedEvent;
  const paid = '{"order_id":"o","payment_id":"pi_1","amount":9007199254740993}';

  it('are for operators as the log has them', () => {
    const events = [event(paid)];
    assert.equal(eventsFor(['operator'], events), events);
    assert.equal(eventsFor(['customer', 'operator'], events), events);
  });

  it('show neither customers nor restaurants who acted for them, nor our traces', () => {
    for (const person of ['customer', 'restaurant'] as const) {
      const [shown] = eventsFor([person], [event(paid)]);
      assert.deepEqual(shown?.metadata, { correlation_id: 'c', causation_id: 'd' });
    }
  });

  it('keep a payload without a hidden field to the letter', () => {
    const odd = '{"b":1e400, "a":9007199254740993}';
    assert.equal(eventsFor(['restaurant'], [event(odd)])[0]?.data, odd);
    assert.equal(eventsFor(['customer'], [event(paid)])[0]?.data, paid);
    assert.equal(eventsFor(['restaurant'], [event('')])[0]?.data, '');
  });

  it('show a restaurant no id of a payment', () => {
    const [shown] = eventsFor(['restaurant'], [event(paid)]);
    assert.deepEqual(Object.keys(JSON.parse(shown?.data ?? '')), ['order_id', 'amount']);
    const escaped = event('{"payment_i\\u0064":"pi_1"}');
    assert.doesNotMatch(eventsFor(['restaurant'], [escaped])[0]?.data ?? '', /pi_1/);
  });

  it('show somebody without a role nothing', () => {
    assert.deepEqual(eventsFor([], [event(paid)]), []);
  });
});
