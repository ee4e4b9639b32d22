import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { background, withDeadline, withSignal } from '../context.ts';
import { CodedError, codedError } from '../errors.ts';
import { circuitBreaker } from './circuit-breaker.ts';

const away = new CodedError('unavailable', 'database_away', 'The database is away.');
const refusal = new CodedError('conflict', 'not_pending', 'The order is not pending.');

/** An endpoint behind a breaker, whose behaviour can be changed. */
function breaker(halfOpenAfterMs: number, threshold = 2) {
  let calls = 0;
  let behaviour: () => Promise<unknown> = async () => 'answer';
  const endpoint = circuitBreaker({ threshold, halfOpenAfterMs })(() => {
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
  beforeEach(() => mock.timers.enable({ apis: ['Date'] }));
  afterEach(() => mock.timers.reset());

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
    for (let i = 0; i < 10; i++) assert.equal(await circuit.code(), 'not_pending');
  });

  it('callers that go away never open it; running out of time does', async () => {
    const cancelled = new CodedError('cancelled', 'cancelled', 'Nobody waits.');
    const circuit = breaker(60_000);
    circuit.behave(() => Promise.reject(cancelled));
    const gone = withSignal(background(), AbortSignal.abort());
    for (let i = 0; i < 5; i++) assert.equal(await circuit.code(gone), 'cancelled');
    const late = withDeadline(gone, Date.now() - 1);
    for (let i = 0; i < 2; i++) await circuit.code(late);
    assert.equal(await circuit.code(), 'circuit_open');
  });

  it('one probe that succeeds closes it', async () => {
    const circuit = breaker(10);
    await circuit.open();
    circuit.behave(async () => 'answer');
    mock.timers.tick(10);
    assert.equal(await circuit.code(), 'ok');
    assert.equal(await circuit.code(), 'ok');
  });

  it('one probe that fails opens it again at once', async () => {
    const circuit = breaker(30);
    await circuit.open();
    mock.timers.tick(30);
    assert.equal(await circuit.code(), 'database_away');
    assert.equal(await circuit.code(), 'circuit_open');
  });

  it('refuses what comes beside a probe instead of queueing it', async () => {
    const circuit = breaker(10);
    await circuit.open();
    mock.timers.tick(10);
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
    mock.timers.tick(10);
    circuit.behave(() => new Promise(() => {}));
    const caller = new AbortController();
    const probe = circuit.code(withSignal(background(), caller.signal));
    caller.abort();
    assert.equal(await probe, 'deadline_exceeded');
    circuit.behave(async () => 'answer');
    mock.timers.tick(10);
    assert.equal(await circuit.code(), 'ok');
  });
});
