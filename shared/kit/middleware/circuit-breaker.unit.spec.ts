import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { eventually } from '../../testing/eventually.ts';
import { background, withSignal, withTimeLeft } from '../context.ts';
import { CodedError, codedError } from '../errors.ts';
import { circuitBreaker } from './circuit-breaker.ts';

const away = new CodedError('unavailable', 'database_away', 'The database is away.');
const refusal = new CodedError('conflict', 'not_sent', 'The parcel is not sent.');

let time = 0;

/** An endpoint behind a breaker, whose behaviour can be changed. */
function breaker(halfOpenAfterMs: number, threshold = 2, now = () => time) {
  let calls = 0;
  let behaviour: () => Promise<unknown> = async () => 'answer';
  const endpoint = circuitBreaker({ threshold, halfOpenAfterMs, now })(() => {
    calls++;
    return behaviour();
  });
  return {
    calls: () => calls,
    behave(as: () => Promise<unknown>) {
      behaviour = as;
    },
    call: (ctx = background()) => endpoint(ctx, {}),
    /** The code of what a call is rejected with. */
    code: (ctx = background()) =>
      endpoint(ctx, {}).then(
        () => 'ok',
        (error) => codedError(error).code,
      ),
    async open() {
      behaviour = () => Promise.reject(away);
      for (let i = 0; i < threshold; i++) await assert.rejects(endpoint(background(), {}), away);
    },
  };
}

describe('circuit breaker', () => {
  it('opens after so many failures in a row, and then calls nothing and says when to come back', async () => {
    const circuit = breaker(60_000);
    await circuit.open();
    const error = await circuit.call().then(() => assert.fail('let through'), codedError);
    assert.deepEqual([error.kind, error.code], ['unavailable', 'circuit_open']);
    assert.equal(error.retryAfterMs, 60_000);
    assert.equal(circuit.calls(), 2);
  });

  it('a success between failures keeps it closed', async () => {
    const circuit = breaker(60_000);
    for (let i = 0; i < 3; i++) {
      circuit.behave(() => Promise.reject(away));
      assert.equal(await circuit.code(), 'database_away');
      circuit.behave(async () => 'answer');
      assert.equal(await circuit.code(), 'ok');
    }
  });

  it('business refusals never open it', async () => {
    const circuit = breaker(60_000);
    circuit.behave(() => Promise.reject(refusal));
    for (let i = 0; i < 10; i++) assert.equal(await circuit.code(), 'not_sent');
  });

  it('callers that go away never open it; running out of time does', async () => {
    const cancelled = new CodedError('cancelled', 'cancelled', 'Nobody waits.');
    const circuit = breaker(60_000);
    circuit.behave(() => Promise.reject(cancelled));
    const gone = withSignal(background(), AbortSignal.abort());
    for (let i = 0; i < 5; i++) assert.equal(await circuit.code(gone), 'cancelled');
    const late = withTimeLeft(gone, -1);
    for (let i = 0; i < 2; i++) await circuit.code(late);
    assert.equal(await circuit.code(), 'circuit_open');
  });

  it('one probe that succeeds closes it', async () => {
    const circuit = breaker(10);
    await circuit.open();
    circuit.behave(async () => 'answer');
    time += 10;
    assert.equal(await circuit.code(), 'ok');
    assert.equal(await circuit.code(), 'ok');
  });

  it('a clock that is set back an hour does not keep it open for that hour', async () => {
    mock.timers.enable({ apis: ['Date'], now: 7_200_000 });
    try {
      const circuit = breaker(20, 2, () => performance.now());
      await circuit.open();
      mock.timers.setTime(3_600_000);
      circuit.behave(async () => 'answer');
      const refused = await circuit.call().then(() => undefined, codedError);
      assert.ok((refused?.retryAfterMs ?? 0) <= 20);
      await eventually('it closes', async () => (await circuit.code()) === 'ok', 2_000);
    } finally {
      mock.timers.reset();
    }
  });

  it('what began before it opened, and ends later, neither closes it nor opens it again', async () => {
    const circuit = breaker(10);
    const [good, bad] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    circuit.behave(() => good.promise);
    const early = circuit.code();
    circuit.behave(() => bad.promise);
    const late = circuit.code();
    await circuit.open();
    good.resolve('answer');
    assert.equal(await early, 'ok');
    assert.equal(await circuit.code(), 'circuit_open');
    time += 10;
    bad.reject(away);
    assert.equal(await late, 'database_away');
    circuit.behave(async () => 'answer');
    assert.equal(await circuit.code(), 'ok');
  });

  it('one probe that fails opens it again at once', async () => {
    const circuit = breaker(30);
    await circuit.open();
    time += 30;
    assert.equal(await circuit.code(), 'database_away');
    assert.equal(await circuit.code(), 'circuit_open');
  });

  it('refuses what comes beside a probe instead of queueing it', async () => {
    const circuit = breaker(10);
    await circuit.open();
    time += 10;
    const slow = Promise.withResolvers<string>();
    circuit.behave(() => slow.promise);
    const probe = circuit.code();
    assert.equal(await circuit.code(), 'circuit_open');
    slow.resolve('answer');
    assert.equal(await probe, 'ok');
  });

  it('a probe that never answers does not hold it for ever', async () => {
    const circuit = breaker(10);
    await circuit.open();
    time += 10;
    circuit.behave(() => new Promise(() => {}));
    const caller = new AbortController();
    const probe = circuit.code(withSignal(background(), caller.signal));
    caller.abort();
    assert.equal(await probe, 'deadline_exceeded');
    circuit.behave(async () => 'answer');
    time += 10;
    assert.equal(await circuit.code(), 'ok');
  });
});
