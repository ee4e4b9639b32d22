import assert from 'node:assert/strict';
import { createInFlight } from './in-flight.ts';
import type { PulledMessage } from './pulled-message.ts';

const message = (working: () => void = () => undefined) => ({ working }) as PulledMessage;

describe('in flight', () => {
  it('there are none when the last was answered, and at once where there never was one', async () => {
    const inFlight = createInFlight();
    assert.equal(await inFlight.noneWithin(0), true);
    const [one, two] = [message(), message()];
    inFlight.add(one);
    inFlight.add(two);
    const none = inFlight.noneWithin(5_000);
    inFlight.remove(one);
    assert.equal(inFlight.size, 1);
    inFlight.remove(two);
    assert.equal(await none, true);
  });

  it('waiting for them ends', async () => {
    const inFlight = createInFlight();
    inFlight.add(message());
    assert.equal(await inFlight.noneWithin(5), false);
  });

  it('all are aborted, with the reason', () => {
    const inFlight = createInFlight();
    inFlight.add(message());
    assert.equal(inFlight.signal.aborted, false);
    inFlight.abortAll(new Error('stopping'));
    assert.equal(inFlight.signal.reason.message, 'stopping');
  });

  it('signs of life are given for those that have been here for a while', () => {
    const inFlight = createInFlight();
    let signs = 0;
    inFlight.add(message(() => signs++));
    inFlight.keepAlive(60_000);
    assert.equal(signs, 0);
    inFlight.keepAlive(-1);
    assert.equal(signs, 1);
  });
});
