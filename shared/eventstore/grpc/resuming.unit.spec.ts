import assert from 'node:assert/strict';
import { background, withSignal } from '../../kit/context.ts';
import { CodedError } from '../../kit/errors.ts';
import { anEvent } from '../../testing/an-event.ts';
import type { EventFilter, RecordedEvent } from '../event-store.ts';
import { resuming } from './resuming.ts';

const at = (position: bigint): RecordedEvent => ({
  ...anEvent(),
  stream: 'PARCELS',
  version: 1n,
  position,
  createdAt: new Date(0),
});

describe('a reading that is resumed', () => {
  const away = () => new CodedError('unavailable', 'unavailable', 'The call was cut off.');

  it('goes on after the last event that arrived: none is missed and none comes twice', async () => {
    const asked: (bigint | undefined)[] = [];
    async function* connect({ afterPosition = 0n }: EventFilter) {
      asked.push(afterPosition);
      yield [at(afterPosition + 1n), at(afterPosition + 2n)];
      if (asked.length === 2) return;
      throw away();
    }
    const seen: bigint[] = [];
    for await (const events of resuming(background(), { afterPosition: 7n }, connect)) {
      seen.push(...events.map(({ position }) => position));
      if (seen.length >= 6) break;
    }
    assert.deepEqual(asked, [7n, 9n, 11n]);
    assert.deepEqual(seen, [8n, 9n, 10n, 11n, 12n, 13n]);
  });

  it('names the event that it goes on after, so that a log that lost it can say so', async () => {
    const asked: EventFilter[] = [];
    const [one] = [at(8n)];
    async function* connect(filter: EventFilter) {
      asked.push(filter);
      if (asked.length === 2) {
        throw new CodedError('precondition_failed', 'place_not_in_log', 'It is not there.');
      }
      yield [one];
      throw away();
    }
    const reading = resuming(background(), { afterPosition: 7n }, connect);
    await reading.next();
    await assert.rejects(reading.next(), { code: 'place_not_in_log' });
    assert.deepEqual(asked, [
      { afterPosition: 7n },
      { afterPosition: 8n, afterEventId: one.eventId },
    ]);
  });

  it('ends when nobody wants it any more', async () => {
    const gone = new AbortController();
    // biome-ignore lint/correctness/useYield: it fails before it has anything
    async function* connect() {
      gone.abort(new Error('gone'));
      throw away();
    }
    const reading = resuming(withSignal(background(), gone.signal), {}, connect);
    await assert.rejects(reading.next());
  });

  it('what is refused is not asked for again', async () => {
    let asked = 0;
    // biome-ignore lint/correctness/useYield: it is refused before it has anything
    async function* connect() {
      asked++;
      throw new CodedError('invalid', 'invalid_request', 'The filter is not valid.');
    }
    await assert.rejects(resuming(background(), {}, connect).next(), { code: 'invalid_request' });
    assert.equal(asked, 1);
  });
});
