import assert from 'node:assert/strict';
import type { RecordedEvent } from './event-store.ts';
import { decodeMessage, encodeMessage, headerText } from './message.ts';

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
    actor: 'clerk ada',
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

  it('has the same headers as text, byte for byte, with others in their place or added', () => {
    const sameAs = (message: ReturnType<typeof encodeMessage>, text: string) => {
      const { headers } = message as unknown as { headers: { encode(): Uint8Array } };
      assert.equal(text, Buffer.from(headers.encode()).toString());
    };
    for (const metadata of [event.metadata, {}, { tracestate: 'a=b', unknown: 'x' }]) {
      for (const data of [event.data, '']) {
        const one = { ...event, metadata, data };
        sameAs(encodeMessage(one), headerText(one, {}));
      }
    }
    const own = { traceparent: '00-1-2-01', 'Nats-Expected-Stream': 'PARCELS' };
    const text = headerText(event, own);
    assert.match(text, /\r\nce-storedtraceparent: 00-0af\S+-01\r\ntraceparent: 00-1-2-01\r\n/);
    assert.match(text, /\r\nNats-Expected-Stream: PARCELS\r\n\r\n$/);
    assert.equal(text.match(/\r\ntraceparent: /g)?.length, 1);
  });

  it('a value of two lines is refused: it would be a header of its own', () => {
    const metadata = { correlation_id: 'c\r\nNats-Rollup: all' };
    assert.throws(() => headerText({ ...event, metadata }, {}), TypeError);
    assert.throws(() => headerText(event, { traceparent: 'a\nb' }), TypeError);
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
