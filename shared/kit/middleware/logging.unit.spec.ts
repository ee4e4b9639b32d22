import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { recordingLogger } from '../../testing/recording.ts';
import { background } from '../context.ts';
import { CodedError } from '../errors.ts';
import { logging } from './logging.ts';

const levels = { debug: 20, info: 30, warn: 40, error: 50 };

describe('logging', () => {
  const run = async (work: () => Promise<unknown>, options = {}) => {
    const { logger, lines } = recordingLogger();
    const outcome = logging(logger, 'send parcel', options)(work)(background('c-1'), {});
    await outcome.catch(() => undefined);
    assert.equal(lines.length, 1, 'one line for each request');
    return { outcome, line: lines[0] ?? assert.fail() };
  };

  it('tells of a good request with its name, code, time and correlation', async () => {
    const { outcome, line } = await run(async () => 42);
    assert.equal(await outcome, 42);
    assert.equal(line.level, levels.info);
    assert.equal(line.endpoint, 'send parcel');
    assert.equal(line.code, 'ok');
    assert.equal(line.correlation_id, 'c-1');
    assert.equal(typeof line.ms, 'number');
  });

  it('tells of good news more quietly where that is asked for', async () => {
    const { line } = await run(async () => 42, { okLevel: 'debug' });
    assert.equal(line.level, levels.debug);
  });

  it('an error that is an answer is told like any other answer, without a stack', async () => {
    const refusal = new CodedError('conflict', 'not_sent', 'The parcel is not sent.');
    const { outcome, line } = await run(() => Promise.reject(refusal));
    await assert.rejects(outcome, refusal);
    assert.equal(line.level, levels.info);
    assert.equal(line.code, 'not_sent');
    assert.equal(line.err, undefined);
  });

  it('calls a failure of the machinery an error, with its cause', async () => {
    const bug = new TypeError('x is not a function');
    const { outcome, line } = await run(() => Promise.reject(bug));
    await assert.rejects(outcome, bug);
    assert.equal(line.level, levels.error);
    assert.equal(line.code, 'internal');
    assert.match(JSON.stringify(line.err), /x is not a function/);
  });

  it('a refusal has a line each unless it is asked to gather them', async () => {
    const { logger, lines } = recordingLogger();
    const refusal = new CodedError('overloaded', 'too_much', 'Too much.');
    const endpoint = logging(logger, 'send parcel')(() => Promise.reject(refusal));
    for (let n = 0; n < 3; n++) await assert.rejects(endpoint(background(), {}), refusal);
    assert.equal(lines.length, 3);
  });

  for (const kind of ['rate_limited', 'overloaded'] as const) {
    it(`of a flood that is ${kind} it writes one line a second, which counts the others`, async () => {
      const { logger, lines } = recordingLogger();
      const refusal = new CodedError(kind, 'too_much', 'Too much.');
      let now = 0;
      const clock = mock.method(performance, 'now', () => now);
      try {
        const endpoint = logging(logger, 'send parcel', { seldomRefused: true })((_ctx, error) =>
          Promise.reject(error),
        );
        const refused = (error: Error) => assert.rejects(endpoint(background(), error), error);
        for (let n = 0; n < 100; n++) await refused(refusal);
        await refused(new CodedError(kind, 'another', 'Too much of something else.'));
        now += 1_000;
        await refused(refusal);
        assert.deepEqual(
          lines.map((line) => [line.code, line.left_out]),
          [
            ['too_much', undefined],
            ['another', undefined],
            ['too_much', 99],
          ],
        );
      } finally {
        clock.mock.restore();
      }
    });
  }
});
