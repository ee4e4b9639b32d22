import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { MsgHdrs } from 'nats';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import type { Hook } from '../../../shared/kit/transport/hooks.ts';
import { noHook } from '../../../shared/kit/transport/hooks.ts';
import type { OutgoingMessage } from '../../../shared/kit/transport/jetstream/messages/jetstream-wire.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { inChain } from './message-chain.ts';

const log = Array.from(
  { length: 12 },
  (_, index): RecordedEvent => ({
    ...anEvent({ eventId: `e-${index + 1}` }),
    stream: 'ORDERS',
    version: 1n,
    position: BigInt(index + 1),
    createdAt: new Date(0),
  }),
);

function headersOf(headers: MsgHdrs): Map<string, string> {
  const { encode } = headers as unknown as { encode(): Uint8Array };
  const lines = Buffer.from(encode()).toString().split('\r\n').slice(1, -2);
  return new Map(lines.map((line) => line.split(': ', 2) as [string, string]));
}

/** What a broker does with a message that names its id and what must be there; in the same order as NATS. */
class Broker {
  readonly stored: string[] = [];

  /** The sequence, if this message was stored now. */
  receive(headers: Map<string, string>): number | undefined {
    const id = headers.get('Nats-Msg-Id') ?? '';
    const lastId = headers.get('Nats-Expected-Last-Msg-Id');
    if (Number(headers.get('Nats-Expected-Last-Sequence')) !== this.stored.length) return undefined;
    if (this.stored.includes(id)) return undefined;
    if (lastId !== undefined && lastId !== this.stored.at(-1)) return undefined;
    return this.stored.push(id);
  }
}

describe('the messages of a window', () => {
  it('are stored in their places or not at all, whatever comes between, and the two answers say it', () => {
    /** What happens before a message of the window: nothing, a stranger, another relay, or it is lost. */
    const meanwhile = fc.constantFrom('nothing', 'nothing', 'nothing', 'stranger', 'relay', 'lost');
    const there = fc.integer({ min: 0, max: 5 });
    /** The relay knows what is before the first, and perhaps not all that follows. */
    const behind = fc.integer({ min: 0, max: 2 });
    const happens = fc.array(meanwhile, { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(there, behind, happens, (there, behind, happens) => {
        const first = Math.max(1, there + 1 - behind);
        const broker = new Broker();
        broker.stored.push(...log.slice(0, there).map(({ eventId }) => eventId));
        const events = log.slice(first - 1, first - 1 + happens.length);
        const answers = inChain(events, 'ORDERS', noHook).map(({ headers, event }, index) => {
          if (happens[index] === 'stranger') broker.stored.push(`stranger ${index}`);
          const next = log[broker.stored.length];
          const theirs = broker.stored.every((id, at) => id === log[at]?.eventId);
          if (happens[index] === 'relay' && theirs && next) broker.stored.push(next.eventId);
          if (happens[index] === 'lost') return undefined;
          const seq = broker.receive(headersOf(headers));
          return seq === Number(event.position) ? seq : undefined;
        });
        for (const [index, id] of broker.stored.entries()) {
          if (!id.startsWith('stranger')) assert.equal(id, log[index]?.eventId);
        }
        const stranger = broker.stored.findIndex((id) => id.startsWith('stranger'));
        const after = stranger < 0 ? [] : broker.stored.slice(stranger);
        assert.ok(
          after.every((id) => id.startsWith('stranger')),
          `${broker.stored}`,
        );
        if (answers[0] !== undefined && answers.at(-1) !== undefined) {
          const from = first - 1;
          assert.deepEqual(
            broker.stored.slice(from, from + events.length),
            events.map(({ eventId }) => eventId),
          );
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('make a span where the trace of the event is recorded, or not begun, and only there', () => {
    const told: [string, unknown][] = [];
    const hook: Hook<OutgoingMessage> = {
      before: (ctx, wire) => {
        assert.equal(wire.header('ce-aggregatetype'), 'order');
        told.push([wire.header('ce-id') ?? '', wire.header('traceparent')]);
        wire.setHeader('traceparent', 'of the relay');
        return ctx;
      },
      after: (_ctx, _wire, { status }) => told.push([String(status), undefined]),
    };
    const [one, two, three] = log;
    assert.ok(one && two && three);
    const parent = (flags: string) => `00-${'a'.repeat(32)}-${'b'.repeat(16)}-${flags}`;
    const window = inChain(
      [
        { ...one, metadata: { traceparent: parent('01') } },
        { ...two, metadata: { traceparent: parent('00') } },
        three,
      ],
      'ORDERS',
      hook,
    );
    assert.deepEqual(told, [
      ['e-1', parent('01')],
      ['e-3', undefined],
    ]);
    assert.deepEqual(
      window.map(({ headers }) => headersOf(headers).get('traceparent')),
      ['of the relay', parent('00'), 'of the relay'],
    );
    for (const { end } of window) end(undefined);
    assert.deepEqual(told.slice(2), [
      ['acked', undefined],
      ['acked', undefined],
    ]);
  });
});
