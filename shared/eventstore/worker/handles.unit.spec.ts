import assert from 'node:assert/strict';
import { background } from '../../kit/context.ts';
import type { Delivery } from '../../kit/delivery.ts';
import type { Middleware } from '../../kit/endpoint.ts';
import { CodedError, codedError } from '../../kit/errors.ts';
import { anEvent } from '../../testing/an-event.ts';
import type { RecordedEvent } from '../event-store.ts';
import { dispatching, type HandlesOptions, handlesOf } from './handles.ts';

type Stay =
  | { readonly type: 'booked'; readonly guest: string }
  | { readonly type: 'left'; readonly nights: number };

const types = { booked: 'ROOMS.booked', left: 'ROOMS.left' };

/** Reads any event as booked by ada, and none with the data `null`. */
const codec = {
  decode: ({ eventType, data }: RecordedEvent): Stay | undefined => {
    if (data === 'null') throw new CodedError('invalid', 'unreadable_event', 'It is null.');
    return eventType === 'ROOMS.gone' ? undefined : { type: 'booked', guest: 'ada' };
  },
};

const delivered = (eventType: string, data = '{}'): Delivery<RecordedEvent> => ({
  body: {
    ...anEvent({ eventType, aggregateType: 'stay', data }),
    stream: 'ROOMS',
    version: 1n,
    position: 7n,
    createdAt: new Date(0),
  },
  messageId: 'e-1',
  sequence: 7n,
  deliveries: 1,
  last: false,
  mayBeRepeat: true,
  traceparent: '',
});

describe('what a worker handles', () => {
  /** What each endpoint's middlewares saw of it. */
  const outcomes: string[] = [];
  const concerns =
    (name: string): Middleware<Delivery> =>
    (next) =>
    async (ctx, delivery) => {
      try {
        const response = await next(ctx, delivery);
        outcomes.push(`${name}: ${response}`);
        return response;
      } catch (error) {
        outcomes.push(`${name}: ${codedError(error).code}`);
        throw error;
      }
    };
  const options: HandlesOptions<Stay> = { types, codec, concerns };
  const handles = handlesOf(options, {
    booked: [
      'greet',
      async (_ctx, { event, recorded, mayBeRepeat }) =>
        `${event.guest} at ${recorded.position}${mayBeRepeat ? ', perhaps again' : ''}`,
    ],
    left: ['clean', async (_ctx, { event }) => event.nights],
  });
  beforeEach(() => {
    outcomes.length = 0;
  });

  it('is told by the names in the log, and each event comes decoded', async () => {
    assert.deepEqual(Object.keys(handles), ['ROOMS.booked', 'ROOMS.left']);
    await handles['ROOMS.booked']?.(background(), delivered('ROOMS.booked'));
    assert.deepEqual(outcomes, ['greet: ada at 7, perhaps again']);
  });

  it('is decoded inside the middlewares: they see what cannot be read', async () => {
    const unreadable = handles['ROOMS.booked']?.(background(), delivered('ROOMS.booked', 'null'));
    await assert.rejects(unreadable ?? Promise.resolve());
    assert.deepEqual(outcomes, ['greet: unreadable_event']);
  });

  it('is refused for good where it is read as another event, or as none', async () => {
    for (const eventType of ['ROOMS.left', 'ROOMS.gone']) {
      const answered = handles['ROOMS.left']?.(background(), delivered(eventType));
      await assert.rejects(answered ?? Promise.resolve(), (error) => {
        const { kind, message } = codedError(error);
        assert.equal(kind, 'invalid');
        assert.equal(message, `The endpoint clean answers ROOMS.left, not ${eventType}.`);
        return true;
      });
    }
    assert.deepEqual(outcomes, ['clean: unexpected_event', 'clean: unexpected_event']);
  });

  it('is found by its type; another type is left to others, and what is filed elsewhere is passed over', async () => {
    const left: string[] = [];
    const endpoint = dispatching(handles, 'stay', async (_ctx, { body }) =>
      left.push(body.eventType),
    );
    await endpoint(background(), delivered('ROOMS.booked'));
    await endpoint(background(), delivered('ROOMS.gone'));
    await endpoint(background(), { ...delivered('ROOMS.asked'), subject: 'ROOMS.asked' });
    const { body, ...delivery } = delivered('ROOMS.booked');
    await endpoint(background(), { ...delivery, body: { ...body, aggregateType: 'test' } });
    assert.deepEqual(outcomes, ['greet: ada at 7, perhaps again']);
    assert.deepEqual(left, ['ROOMS.gone', 'ROOMS.asked']);
  });

  it('of any type is passed over where the log has it in the place of a foreign message', async () => {
    const endpoint = dispatching(handles, 'stay', async () => assert.fail('nobody asked for it'));
    await endpoint(background(), { ...delivered('ROOMS.gone'), subject: 'ROOMS.booked' });
    assert.deepEqual(outcomes, []);
  });

  it('does not compile for an event that there is not', () => {
    const pay = async () => undefined;
    const all = { ...types, paid: 'ROOMS.paid' };
    // @ts-expect-error a stay has no event `paid`
    const answered = handlesOf({ ...options, types: all }, { paid: ['pay', pay] });
    assert.deepEqual(Object.keys(answered), ['ROOMS.paid']);
  });
});
