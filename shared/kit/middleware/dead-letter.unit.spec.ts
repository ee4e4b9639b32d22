import assert from 'node:assert/strict';
import { recordingLogger, recordingMeter } from '../../testing/recording.ts';
import { background, type Context, remaining, withSignal, withTimeLeft } from '../context.ts';
import type { DeadLetter, Delivery } from '../delivery.ts';
import { CodedError, codedError } from '../errors.ts';
import { deadLetter } from './dead-letter.ts';

const away = new CodedError('unavailable', 'database_away', 'The database is away.');
const poison = new CodedError('invalid', 'foreign_message', 'Not one of ours.');

const first: Delivery<string> = {
  body: 'b',
  messageId: 'e-1',
  sequence: 7n,
  deliveries: 1,
  last: false,
  mayBeRepeat: false,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const last: Delivery<string> = { ...first, deliveries: 5, last: true };

/** A worker whose endpoint fails with `error`, and what became of its messages. */
function worker(
  error: unknown,
  parking: (ctx: Context) => Promise<void> = async () => {},
  insist?: boolean,
) {
  const letters: DeadLetter[] = [];
  const { meter, measurements } = recordingMeter();
  const { logger, lines } = recordingLogger();
  const middleware = deadLetter({
    consumer: 'payment-worker',
    park: async (ctx, letter) => {
      await parking(ctx);
      letters.push(letter);
    },
    logger,
    meter,
    insist,
  });
  const endpoint = middleware<Delivery<string>, string>(async () => {
    if (error !== undefined) throw error;
    return 'done';
  });
  return { endpoint, letters, measurements, lines };
}

describe('dead letter', () => {
  it('leaves a message that was handled alone', async () => {
    const { endpoint, letters } = worker(undefined);
    assert.equal(await endpoint(background(), last), 'done');
    assert.deepEqual(letters, []);
  });

  it('lets a failure pass while there are deliveries left', async () => {
    const { endpoint, letters } = worker(away);
    await assert.rejects(endpoint(background(), first), away);
    assert.deepEqual(letters, []);
  });

  it('what its last delivery was never answered for is parked unserved: it may be what kills us', async () => {
    const { endpoint, letters } = worker(undefined);
    const overdue = { ...last, deliveries: 6, overdue: true };
    const error = await endpoint(background(), overdue).then(assert.fail, codedError);
    assert.equal(error.kind, 'parked');
    assert.deepEqual(
      letters.map(({ reason, deliveries }) => [reason, deliveries]),
      [['never_answered', 6]],
    );
  });

  it('what must succeed in the end is never given up for an outage, and poison always', async () => {
    const insistent = worker(away, undefined, true);
    await assert.rejects(insistent.endpoint(background(), last), away);
    assert.deepEqual(insistent.letters, []);
    const poisoned = worker(poison, undefined, true);
    await assert.rejects(poisoned.endpoint(background(), first));
    assert.equal(poisoned.letters.length, 1);
  });

  it('what must succeed in the end is served though its last delivery was never answered', async () => {
    const overdue = { ...last, deliveries: 6, overdue: true };
    const { endpoint, letters } = worker(undefined, undefined, true);
    assert.equal(await endpoint(background(), overdue), 'done');
    const failing = worker(away, undefined, true);
    await assert.rejects(failing.endpoint(background(), overdue), away);
    assert.deepEqual([letters, failing.letters], [[], []]);
  });

  it('parks what fails on its last delivery, and says so', async () => {
    const { endpoint, letters, lines, measurements } = worker(away);
    const error = await endpoint(background(), last).then(assert.fail, codedError);
    assert.deepEqual([error.kind, error.code, error.cause], ['parked', 'parked', away]);
    assert.deepEqual(letters, [
      {
        consumer: 'payment-worker',
        position: 7n,
        eventId: 'e-1',
        reason: 'database_away',
        lastError: 'The database is away.',
        deliveries: 5,
        traceparent: last.traceparent,
      },
    ]);
    assert.equal(lines[0]?.eventId, 'e-1');
    assert.deepEqual(measurements, [
      {
        instrument: 'dead_letters_total',
        value: 1,
        attributes: { consumer: 'payment-worker', reason: 'database_away' },
      },
    ]);
  });

  it('parks poison on its first delivery, for it would never succeed', async () => {
    const { endpoint, letters } = worker(new Error('outer', { cause: poison }));
    const error = await endpoint(background(), first).then(assert.fail, codedError);
    assert.equal(error.kind, 'parked');
    assert.equal(letters[0]?.reason, 'foreign_message');
  });

  it('does not park twice what was parked further in', async () => {
    const parked = new CodedError('parked', 'parked', 'Given up on.');
    const { endpoint, letters } = worker(parked);
    await assert.rejects(endpoint(background(), last), parked);
    assert.deepEqual(letters, []);
  });

  it('asks for another delivery when parking fails', async () => {
    const broken = new Error('the event store is away');
    const { endpoint, measurements } = worker(poison, () => Promise.reject(broken));
    const error = await endpoint(background(), last).then(assert.fail, codedError);
    assert.deepEqual([error.kind, error.code, error.cause], ['unavailable', 'park_failed', broken]);
    assert.deepEqual(measurements, []);
  });

  it('parks also when the worker is stopping and its time is up', async () => {
    const { endpoint, letters } = worker(away, async (ctx) => {
      assert.equal(ctx.signal.aborted, false);
      assert.ok(remaining(ctx, 0) > 0);
    });
    const over = withTimeLeft(withSignal(background(), AbortSignal.abort()), -1);
    const error = await endpoint(over, last).then(assert.fail, codedError);
    assert.equal(error.kind, 'parked');
    assert.equal(letters.length, 1);
  });

  it('keeps the cause of an internal error, without what a database could not keep', async () => {
    const { endpoint, letters } = worker(new TypeError(`bad\0text${'x'.repeat(5_000)}`));
    await assert.rejects(endpoint(background(), last));
    assert.match(letters[0]?.lastError ?? '', /badtextx/);
    assert.equal(letters[0]?.lastError.length, 1_000);
  });

  it('says in one line what is at fault: the fields, as an answer over HTTP does, or the cause', async () => {
    const fields = new CodedError('invalid', 'unreadable_event', 'It cannot be read.', {
      problems: [
        { field: 'amount', message: 'must be a number\n of 2 decimals' },
        { field: 'items[0].code', message: 'is missing' },
      ],
      cause: new Error('[\n  {\n    "path": []\n  }\n]'),
    });
    const causes = new Error('down\n  here', { cause: new Error('and deeper') });
    for (const [error, line] of [
      [
        fields,
        'It cannot be read: amount must be a number of 2 decimals; items[0].code is missing.',
      ],
      [causes, 'Something went wrong on our side. (down here: and deeper)'],
    ] as const) {
      const { endpoint, letters } = worker(error);
      await assert.rejects(endpoint(background(), last));
      assert.equal(letters[0]?.lastError, line);
    }
  });
});
