import assert from 'node:assert/strict';
import { background, withSignal } from '../../../shared/kit/context.ts';
import { codedError } from '../../../shared/kit/errors.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createStanding, type Standing } from './log-standing.ts';

const ctx = background();

describe('whether the log may grow', () => {
  let standing: Standing;
  let connected: boolean;
  const begin = (awayMs: number, silentMs = 60_000, patienceMs = 5_000) => {
    standing = createStanding({
      connected: () => connected,
      logger: silentLogger,
      awayMs,
      silentMs,
      patienceMs,
    });
    return standing.start?.();
  };
  beforeEach(() => {
    connected = true;
  });
  afterEach(() => standing.stop?.());

  const answer = async () => {
    try {
      await standing.admit(ctx);
      return 'admitted';
    } catch (error) {
      return codedError(error).code;
    }
  };
  const behind = { kind: 'behind', why: 'the stream is at 5, ahead of the log at 3' } as const;

  it('is not known at the start: appends wait until the relay has judged', async () => {
    await begin(0);
    let admitted = false;
    const waiting = standing.admit(ctx)?.then(() => {
      admitted = true;
    });
    await new Promise(setImmediate);
    assert.equal(admitted, false);
    standing.judged({ kind: 'follow', after: 0n });
    await waiting;
    assert.equal(standing.admit(ctx), undefined, 'and then cost nothing');
  });

  it('what waits is refused where the relay finds that the log has lost events', async () => {
    await begin(0);
    const waiting = answer();
    standing.judged(behind);
    assert.equal(await waiting, 'log_behind_stream');
    assert.equal(await answer(), 'log_behind_stream');
    assert.throws(() => standing.refuse(), { kind: 'unavailable', code: 'log_behind_stream' });
    assert.match(standing.degraded() ?? '', /ordersctl log recover/);
  });

  it('until it is so no more', async () => {
    await begin(0);
    standing.judged(behind);
    standing.judged({ kind: 'follow', after: 5n });
    assert.equal(await answer(), 'admitted');
    standing.refuse();
    assert.equal(standing.degraded(), undefined);
  });

  it('two histories are refused under a code of their own; a stream of somebody else is no reason', async () => {
    await begin(0);
    standing.judged({ kind: 'differs', why: 'at 3' });
    assert.equal(await answer(), 'log_differs_from_stream');
    standing.judged({ kind: 'refuse', why: 'not ours' });
    assert.equal(await answer(), 'admitted');
  });

  it('a broker that is away is waited for a moment, one that is connected for longer', async () => {
    connected = false;
    await begin(50);
    assert.equal(await answer(), 'admitted');
    await standing.stop?.();
    connected = true;
    await begin(0, 50);
    standing.streamAnswers(false);
    assert.equal(await answer(), 'admitted');
  });

  it('while broker and stream answer and the log does not, appends are refused after a moment', async () => {
    await begin(0, 0, 50);
    standing.streamAnswers(true);
    assert.equal(await answer(), 'log_unavailable');
    standing.judged({ kind: 'follow', after: 0n });
    assert.equal(await answer(), 'admitted');
  });

  it('a caller that leaves does not wait', async () => {
    await begin(60_000);
    const leaving = new AbortController();
    const waiting = standing.admit(withSignal(ctx, leaving.signal));
    leaving.abort(new Error('left'));
    await assert.rejects(Promise.resolve(waiting), /left/);
  });

  it('a log that went back is refused until the relay has judged, and what was judged says more', async () => {
    await begin(0);
    standing.judged({ kind: 'follow', after: 9n });
    standing.wentBack(3n, 9n);
    assert.equal(await answer(), 'log_went_back');
    standing.judged(behind);
    standing.wentBack(3n, 9n);
    assert.equal(await answer(), 'log_behind_stream');
  });
});
