import assert from 'node:assert/strict';
import type { RecordedEvent } from './event-store.ts';
import { decodeMessage, encodeMessage } from './message.ts';

const event: RecordedEvent = {
  eventId: 'e-1',
  eventType: 'PARCELS.sent',
  aggregateId: 'Päckchen 小包 1',
  aggregateType: 'parcel',
  stream: 'PARCELS',
  version: 3n,
  position: 9_007_199_254_740_993n,
  createdAt: new Date('2026-01-01T12:00:00.123Z'),
  data: '{ "a":1, "a":"\\u0000 😀" }',
  metadata: {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    correlation_id: 'c-1',
    causation_id: 'e-0',
  },
};

describe('an event as a message', () => {
  it('comes back as it went, byte for byte', () => {
    for (const data of [event.data, '', '"x"']) {
      const { subject, headers, payload } = encodeMessage({ ...event, data });
      assert.deepEqual(decodeMessage({ subject, headers, data: payload }), { ...event, data });
    }
  });

  it('comes back with the trace that it was stored in, though the relay puts its own into the message', () => {
    const { subject, headers, payload } = encodeMessage(event);
    headers.set('traceparent', '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01');
    assert.deepEqual(decodeMessage({ subject, headers, data: payload }), event);
  });

  it('is a CloudEvent in binary mode under its own subject, deduplicated by its id', () => {
    const { subject, headers } = encodeMessage(event);
    assert.equal(subject, 'PARCELS.sent');
    assert.equal(headers.get('Nats-Msg-Id'), 'e-1');
    assert.deepEqual(
      ['ce-specversion', 'ce-id', 'ce-type', 'ce-source', 'ce-time'].map((name) =>
        headers.get(name),
      ),
      ['1.0', 'e-1', 'PARCELS.sent', '/eventstore/PARCELS', '2026-01-01T12:00:00.123Z'],
    );
  });

  it('metadata that is not named in the contract does not travel', () => {
    const { headers } = encodeMessage({ ...event, metadata: { 'Nats-Rollup': 'all' } });
    assert.equal(headers.has('Nats-Rollup'), false);
  });

  it('a message of somebody else is refused', () => {
    assert.throws(() => decodeMessage({ subject: 'PARCELS.sent', data: new Uint8Array() }), {
      code: 'foreign_message',
    });
  });
});
