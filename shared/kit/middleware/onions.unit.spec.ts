import assert from 'node:assert/strict';
import { recordingLogger, recordingMeter } from '../../testing/recording.ts';
import { background, type Context, withPrincipal, withTimeLeft } from '../context.ts';
import type { Delivery } from '../delivery.ts';
import type { Endpoint, Middleware } from '../endpoint.ts';
import { CodedError, codedError } from '../errors.ts';
import { stranger } from '../principal.ts';
import {
  batchMiddleware,
  deadlineMiddleware,
  type RequestOnionOptions,
  requestMiddleware,
  type WorkerOnionOptions,
  workerMiddleware,
} from './onions.ts';

/**
 * What is seen from outside an onion: the steps that its layers leave. Each
 * test below tells two neighbours apart by what they do, so it fails when they
 * change places.
 */
function observed() {
  const steps: string[] = [];
  const tracing: Middleware = (next) => async (ctx, request) => {
    steps.push('span begins');
    try {
      return await next({ ...ctx, correlationId: 'of the span' }, request);
    } finally {
      steps.push('span ends');
    }
  };
  const { meter } = recordingMeter(({ instrument, attributes }) => {
    if (instrument === 'endpoint_duration_seconds') steps.push(`counted ${attributes.code}`);
  });
  const { logger, lines } = recordingLogger((line) => {
    if (line.endpoint !== undefined) steps.push(`logged ${line.code}`);
  });
  return { steps, lines, common: { tracing, meter, logger, name: 'endpoint', timeoutMs: 20 } };
}

const code = (answer: Promise<unknown>) =>
  answer.then(
    () => 'ok',
    (error) => codedError(error).code,
  );
const away = new CodedError('unavailable', 'database_away', 'The database is away.');
const expired = () => withTimeLeft(background(), -1);

describe("the requests' onion", () => {
  function onion(endpoint: Endpoint<unknown, unknown>, more: Partial<RequestOnionOptions> = {}) {
    const { steps, lines, common } = observed();
    const wrapped = requestMiddleware({ ...common, ...more })(endpoint);
    return { steps, lines, call: (ctx = background()) => code(wrapped(ctx, {})) };
  }
  const once = { points: 1, perMs: 60_000 };
  const fragile = { threshold: 1, halfOpenAfterMs: 60_000 };

  it('is tracing, instrumenting, logging, from outside inwards', async () => {
    const { steps, lines, call } = onion(async () => steps.push('answered'));
    assert.equal(await call(), 'ok');
    assert.deepEqual(steps, ['span begins', 'answered', 'logged ok', 'counted ok', 'span ends']);
    assert.equal(lines[0]?.correlation_id, 'of the span');
  });

  it('says what went well at the level that was asked for, info unless told', async () => {
    const levels = { info: 30, debug: 20 };
    for (const okLevel of ['info', 'debug'] as const) {
      const { lines, call } = onion(async () => 'answer', { okLevel });
      await call();
      assert.equal(lines[0]?.level, levels[okLevel]);
    }
    const { lines, call } = onion(async () => 'answer');
    await call();
    assert.equal(lines[0]?.level, levels.info);
  });

  it('logs, counts and traces what the rate limit refuses', async () => {
    const { steps, call } = onion(async () => 'answer', { rateLimit: once });
    await call();
    steps.length = 0;
    assert.equal(await call(), 'rate_limited');
    assert.deepEqual(steps, [
      'span begins',
      'logged rate_limited',
      'counted rate_limited',
      'span ends',
    ]);
  });

  it('limits before it looks at the time: a request without any left costs a point', async () => {
    const { call } = onion(async () => 'answer', { rateLimit: once });
    assert.equal(await call(expired()), 'deadline_exceeded');
    assert.equal(await call(), 'rate_limited');
  });

  it('authorizes within the limit and the time, and outside the circuit', async () => {
    const asked: Context[] = [];
    const refusing: Middleware = () => async (ctx) => {
      asked.push(ctx);
      throw new CodedError('forbidden', 'not_allowed', 'No.');
    };
    const { steps, call } = onion(() => assert.fail('not reached'), {
      authorize: refusing,
      rateLimit: { points: 2, perMs: 60_000 },
      breaker: fragile,
    });
    assert.equal(await call(expired()), 'deadline_exceeded');
    assert.equal(asked.length, 0, 'no time is left to look anything up');
    steps.length = 0;
    assert.equal(await call(), 'not_allowed');
    assert.deepEqual(steps, [
      'span begins',
      'logged not_allowed',
      'counted not_allowed',
      'span ends',
    ]);
    assert.notEqual(asked[0]?.deadline, undefined, 'it is bounded by the timeout');
    assert.equal(await call(), 'rate_limited', 'a refusal costs a point');
    assert.equal(asked.length, 1);
  });

  it('a lookup that fails while it authorizes does not open the circuit', async () => {
    let lookups = 0;
    const flaky: Middleware = (next) => async (ctx, request) => {
      if (++lookups < 3) throw away;
      return next(ctx, request);
    };
    const { call } = onion(async () => 'answer', { authorize: flaky, breaker: fragile });
    assert.equal(await call(), 'database_away');
    assert.equal(await call(), 'database_away');
    assert.equal(await call(), 'ok');
  });

  it('waits for a turn within the time, after the limit, and before it looks anything up', async () => {
    const asked: Context[] = [];
    const { steps, common } = observed();
    const wrapped = requestMiddleware({
      ...common,
      rateLimit: { points: 2, perMs: 60_000 },
      fairShare: { atOnce: () => ({ current: () => 2, answered: () => {}, reached: () => {} }) },
      authorize: (next) => (ctx, request) => {
        asked.push(ctx);
        return next(ctx, request);
      },
    })(() => new Promise(() => undefined));
    const from = (caller: string) => withPrincipal(background(), stranger(caller));
    const call = (caller: string) => code(wrapped(from(caller), {}));
    const [other, first, waiting] = [call('other'), call('one'), call('one')];
    assert.equal(asked.length, 2, 'the third waits');
    assert.equal(await call('one'), 'rate_limited', 'who waits has its point');
    assert.deepEqual(
      await Promise.all([other, first, waiting]),
      Array(3).fill('deadline_exceeded'),
    );
    assert.equal(asked.length, 2, 'the third was never begun');
    assert.equal(steps.filter((step) => step === 'logged deadline_exceeded').length, 3);
  });

  it('looks at the time before the circuit: a request without any left hears of that', async () => {
    const { call } = onion(() => Promise.reject(away), { breaker: fragile });
    assert.equal(await call(), 'database_away');
    assert.equal(await call(), 'circuit_open');
    assert.equal(await call(expired()), 'deadline_exceeded');
  });

  it('has its circuit innermost: what the other layers refuse does not open it', async () => {
    const { call } = onion(async () => 'answer', { breaker: fragile });
    for (let i = 0; i < 3; i++) assert.equal(await call(expired()), 'deadline_exceeded');
    assert.equal(await call(), 'ok');
  });

  it('limits nothing and breaks nothing where that was not asked for', async () => {
    const { call } = onion(() => Promise.reject(away));
    for (let i = 0; i < 20; i++) assert.equal(await call(), 'database_away');
  });
});

describe("the workers' onion", () => {
  const last: Delivery = {
    body: {},
    messageId: 'e-1',
    sequence: 1n,
    deliveries: 5,
    last: true,
    mayBeRepeat: false,
    traceparent: '',
  };

  function onion(endpoint: Endpoint<Delivery, unknown>, more: Partial<WorkerOnionOptions> = {}) {
    const { steps, lines, common } = observed();
    const wrapped = workerMiddleware({
      ...common,
      consumer: 'payment-worker',
      park: async (_, letter) => {
        steps.push(`parked ${letter.reason}`);
      },
      retry: { attempts: 3, initialDelayMs: 1, maxDelayMs: 2 },
      ...more,
    })(endpoint);
    return { steps, lines, call: (delivery: Delivery) => code(wrapped(background(), delivery)) };
  }

  it('is tracing, instrumenting, logging, dead letter, retry, from outside inwards', async () => {
    const { steps, lines, call } = onion(async () => {
      steps.push('failed');
      throw away;
    });
    assert.equal(await call(last), 'parked');
    assert.deepEqual(steps, [
      'span begins',
      'failed',
      'failed',
      'failed',
      'parked database_away',
      'logged parked',
      'counted parked',
      'span ends',
    ]);
    assert.ok(lines.every((line) => line.correlation_id === 'of the span'));
  });

  it('gives each attempt a timeout of its own', async () => {
    const attempts: Context[] = [];
    const { call } = onion((ctx) => {
      attempts.push(ctx);
      // The first two never answer.
      return attempts.length < 3 ? new Promise(() => {}) : Promise.resolve('answer');
    });
    assert.equal(await call(last), 'ok');
    assert.deepEqual(
      attempts.map(({ signal }) => signal.aborted),
      [true, true, false],
    );
    assert.equal(new Set(attempts.map(({ deadline }) => deadline)).size, 3);
  });

  it('parks a message whose attempts all ran out of time', async () => {
    const { steps, call } = onion(() => new Promise(() => {}));
    assert.equal(await call(last), 'parked');
    assert.ok(steps.includes('parked deadline_exceeded'));
  });
});

describe('the onion of batches', () => {
  function onion(endpoint: Endpoint<unknown, unknown>) {
    const { steps, common } = observed();
    const call = batchMiddleware(common)(endpoint);
    return { steps, call: () => code(call(background(), {})) };
  }

  it('is instrumenting, logging, retry, from outside inwards, without a span', async () => {
    const { steps, call } = onion(async () => {
      steps.push('failed');
      throw away;
    });
    assert.equal(await call(), 'database_away');
    assert.deepEqual(steps, [
      'failed',
      'failed',
      'failed',
      'logged database_away',
      'counted database_away',
    ]);
  });

  it('gives each attempt a timeout of its own', async () => {
    const signals: AbortSignal[] = [];
    const { call } = onion(({ signal }) => {
      signals.push(signal);
      return signals.length < 3 ? new Promise(() => {}) : Promise.resolve('answer');
    });
    assert.equal(await call(), 'ok');
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true, true, false],
    );
  });
});

describe('the onion of deadlines', () => {
  function onion(endpoint: Endpoint<unknown, unknown>) {
    const { steps, common } = observed();
    const call = deadlineMiddleware(common)(endpoint);
    return { steps, call: () => code(call(background(), {})) };
  }

  it('is tracing, instrumenting, logging, from outside inwards, and tries once', async () => {
    const { steps, call } = onion(async () => {
      steps.push('failed');
      throw away;
    });
    assert.equal(await call(), 'database_away');
    assert.deepEqual(steps, [
      'span begins',
      'failed',
      'logged database_away',
      'counted database_away',
      'span ends',
    ]);
  });

  it('ends what takes too long', async () => {
    const { call } = onion(() => new Promise(() => {}));
    assert.equal(await call(), 'deadline_exceeded');
  });
});
