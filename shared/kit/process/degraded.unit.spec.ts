import assert from 'node:assert/strict';
import { degradedInstead, degradedOnceReady } from './degraded.ts';

describe('a component whose troubles hold up accepted work alone', () => {
  it('makes the process degraded and never unready', () => {
    let reason: string | undefined = 'not connected';
    const nats = degradedInstead({ name: 'nats', notReady: () => reason });
    assert.equal(nats.notReady, undefined);
    assert.equal(nats.degraded?.(), 'not connected');
    reason = undefined;
    assert.equal(nats.degraded?.(), undefined);
  });

  it('and that a process cannot begin without makes it unready until it has worked once', () => {
    let reason: string | undefined = 'not subscribed yet';
    const consumer = degradedOnceReady({ name: 'consumer', notReady: () => reason });
    const said = () => [consumer.notReady?.(), consumer.degraded?.()];
    assert.deepEqual(said(), ['not subscribed yet', undefined]);
    reason = undefined;
    assert.deepEqual(said(), [undefined, undefined]);
    reason = 'the connection to NATS is lost';
    assert.deepEqual(said(), [undefined, 'the connection to NATS is lost']);
    reason = undefined;
    assert.deepEqual(said(), [undefined, undefined]);
  });

  it('keeps what it said of its own degradation', () => {
    const own = { name: 'projection', degraded: () => 'stands still' };
    assert.equal(degradedInstead(own).degraded?.(), 'stands still');
    const once = degradedOnceReady(own);
    assert.equal(once.notReady?.(), undefined);
    assert.equal(once.degraded?.(), 'stands still');
  });

  it('is started and stopped as before, under its name', async () => {
    for (const wrap of [degradedInstead, degradedOnceReady]) {
      const steps: string[] = [];
      const wrapped = wrap({
        name: 'nats',
        start: async () => void steps.push('start'),
        stop: async () => void steps.push('stop'),
      });
      await wrapped.start?.();
      await wrapped.stop?.();
      assert.deepEqual([wrapped.name, ...steps], ['nats', 'start', 'stop']);
    }
  });
});
