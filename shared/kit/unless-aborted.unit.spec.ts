import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { unlessAborted } from './unless-aborted.ts';

describe('unlessAborted', () => {
  const never = new Promise<never>(() => {});

  it('resolves with what was wanted, and removes its listener', async () => {
    const { signal } = new AbortController();
    assert.equal(await unlessAborted(Promise.resolve(1), signal), 1);
    await assert.rejects(unlessAborted(Promise.reject(new Error('no')), signal), /no/);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('stops waiting when the signal comes first, with its reason', async () => {
    const controller = new AbortController();
    const waiting = unlessAborted(never, controller.signal);
    controller.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
  });

  it('does not begin to wait on a signal that was aborted before', async () => {
    await assert.rejects(unlessAborted(never, AbortSignal.abort(new Error('enough'))), /enough/);
  });
});
