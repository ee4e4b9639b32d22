import assert from 'node:assert/strict';
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { background, type Context } from '../../kit/context.ts';
import type { Delivery } from '../../kit/delivery.ts';
import { CodedError } from '../../kit/errors.ts';
import { silentLogger } from '../../kit/logger.ts';
import { noMeter } from '../../kit/metrics/meter.ts';
import { deadLetter } from '../../kit/middleware/dead-letter.ts';
import type { Component } from '../../kit/process/lifecycle.ts';
import { noHook } from '../../kit/transport/hooks.ts';
import { anEvent } from '../../testing/an-event.ts';
import { eventually } from '../../testing/eventually.ts';
import type { EventStore, RecordedEvent } from '../event-store.ts';
import { createMemoryEventStore } from '../memory/memory-event-store.ts';
import { replays } from './replays.ts';

const ctx = background();
const consumer = 'test-worker';

describe('replays', () => {
  let store: EventStore;
  let served: { ctx: Context; delivery: Delivery<RecordedEvent> }[];
  let serve: (ctx: Context) => Promise<void>;
  let running: Component;

  beforeEach(async () => {
    store = createMemoryEventStore({ stream: 'PARCELS' });
    served = [];
    serve = async () => undefined;
    const middleware = deadLetter({
      consumer,
      park: (context, letter) => store.park(context, letter),
      logger: silentLogger,
      meter: noMeter,
    });
    running = replays({
      stopWaitMs: 50,
      consumer,
      endpoint: middleware<Delivery<RecordedEvent>, void>(async (context, delivery) => {
        served.push({ ctx: context, delivery });
        await serve(context);
      }),
      store,
      hook: noHook,
      logger: silentLogger,
    });
  });
  afterEach(() => running.stop?.());

  async function parkedEvent(position = 1n): Promise<void> {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const event = anEvent({ metadata: { correlation_id: 'submission-1', traceparent } });
    await store.append(ctx, { events: [event] });
    await store.park(ctx, {
      consumer,
      position,
      eventId: event.eventId,
      reason: 'gateway_away',
      lastError: '',
      deliveries: 12,
      traceparent,
    });
    await store.requestReplay(ctx, { consumer, position });
  }
  const letter = async () => (await store.deadLetters(ctx, { consumer, limit: 1 }))[0];
  const becomes = (state: string, replaysSoFar = 1) =>
    eventually(`the letter is ${state}`, async () => {
      const now = await letter();
      return now?.state === state && now.replays === replaysSoFar && now;
    });

  it('serve the event from the log, as what may have been answered, in its own trace', async () => {
    await parkedEvent();
    await running.start?.();
    await becomes('resolved');
    const [once] = served;
    const { events } = await store.read(ctx, { limit: 1 });
    assert.equal(served.length, 1);
    assert.deepEqual(once?.delivery.body, events[0]);
    assert.deepEqual(
      [once?.delivery.mayBeRepeat, once?.delivery.sequence, once?.delivery.deliveries],
      [true, 1n, 13],
    );
    assert.equal(once?.delivery.traceparent, events[0]?.metadata.traceparent);
    assert.deepEqual(
      [once?.ctx.correlationId, once?.ctx.causationId],
      ['submission-1', events[0]?.eventId],
    );
  });

  it('looking for them is no trace of its own', async () => {
    const looks: Context[] = [];
    const { takeReplays } = store;
    store.takeReplays = (context, request) => {
      looks.push(context);
      return takeReplays(context, request);
    };
    await running.start?.();
    await eventually('a look', () => looks.length > 0);
    const span = trace.getSpanContext(looks[0]?.telemetry ?? ROOT_CONTEXT);
    assert.equal(span?.traceFlags, TraceFlags.NONE);
  });

  it('what fails again is parked again, whether it could succeed later or never', async () => {
    await parkedEvent();
    serve = async () => {
      throw new CodedError('unavailable', 'gateway_still_away', 'The gateway is away.');
    };
    await running.start?.();
    const first = await becomes('parked');
    assert.deepEqual([first.reason, first.deliveries], ['gateway_still_away', 13]);
    serve = async () => {
      throw new CodedError('invalid', 'unreadable_event', 'The payload cannot be read.');
    };
    await store.requestReplay(ctx, { consumer, position: 1n });
    assert.equal((await becomes('parked', 2)).reason, 'unreadable_event');
  });

  it('a letter whose event is not in the log says so', async () => {
    await parkedEvent(7n);
    await running.start?.();
    assert.equal((await becomes('parked')).reason, 'event_missing');
    assert.equal(served.length, 0);
  });

  it('stopping waits for what is being served', async () => {
    await parkedEvent();
    const going = Promise.withResolvers<void>();
    serve = () => going.promise;
    await running.start?.();
    await eventually('being served', () => served.length === 1);
    const stopped = running.stop?.();
    going.resolve();
    await stopped;
    assert.equal((await letter())?.state, 'resolved');
  });

  it('what a stop cuts short is not parked but handed out again', async () => {
    await parkedEvent();
    serve = ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    await running.start?.();
    await eventually('being served', () => served.length === 1);
    await running.stop?.();
    assert.equal((await letter())?.state, 'requested');
  });
});
