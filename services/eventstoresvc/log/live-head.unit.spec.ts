import assert from 'node:assert/strict';
import { codedError } from '../../../shared/kit/errors.ts';
import { createLiveHead } from './live-head.ts';

describe('the live head', () => {
  const never = new AbortController().signal;

  it('wakes those who wait for less, and lets the others wait', async () => {
    const live = createLiveHead(async () => 0n);
    const near = live.beyond(3n, never);
    const far = live.beyond(10n, never);
    live.advanced(4n);
    assert.equal(await near, 4n);
    live.advanced(11n);
    assert.equal(await far, 11n);
    assert.equal(await live.beyond(10n, never), 11n, 'at once');
  });

  it('never goes back: a batch that was read back, or a look, may be heard of late', async () => {
    const live = createLiveHead(async () => 0n);
    live.advanced(20n);
    live.advanced(10n);
    assert.equal(await live.beyond(15n, never), 20n);
  });

  it('goes back with the log: who waits is refused, and what is said of later positions is forgotten', async () => {
    const live = createLiveHead(async () => 0n);
    live.advanced(20n);
    const generation = live.generation();
    const waiting = live.beyond(20n, never);
    live.wentBack(12n);
    await assert.rejects(waiting, { kind: 'unavailable', code: 'log_went_back' });
    assert.notEqual(live.generation(), generation);
    const next = live.beyond(15n, never);
    live.advanced(16n);
    assert.equal(await next, 16n);
  });

  it('asks the log while somebody waits, for what other processes commit', async () => {
    let asked = 0;
    const live = createLiveHead(async () => {
      asked++;
      return asked < 3 ? 5n : 6n;
    });
    assert.equal(await live.beyond(5n, never), 6n);
    assert.equal(asked, 3);
  });

  it('goes on waiting where the log cannot be asked', async () => {
    let asked = 0;
    const live = createLiveHead(async () => {
      if (asked++ < 2) throw new Error('the database is away');
      return 1n;
    });
    assert.equal(await live.beyond(0n, never), 1n);
  });

  it('lets go of those who leave, and of all when it stops', async () => {
    const live = createLiveHead(async () => 0n);
    const leaving = new AbortController();
    const left = live.beyond(0n, leaving.signal);
    const stayed = live.beyond(0n, never);
    leaving.abort(new Error('gone'));
    await assert.rejects(left, /gone/);
    await live.stop?.();
    const unavailable = (error: unknown) => codedError(error).kind === 'unavailable';
    await assert.rejects(stayed, unavailable);
    await assert.rejects(live.beyond(0n, never), unavailable);
  });
});
