import assert from 'node:assert/strict';
import { CodedError } from '../../shared/kit/errors.ts';
import { createJoin } from './joined.ts';

const { signal } = new AbortController();
const gone = new CodedError('cancelled', 'cancelled', 'gone');

describe('joined work', () => {
  it('starts once for callers that come while it runs, and again for later ones', async () => {
    const join = createJoin<number>();
    let begun = 0;
    const begin = async () => ++begun;
    const both = await Promise.all([join('k', signal, begin), join('k', signal, begin)]);
    assert.deepEqual(both, [
      { value: 1, joined: false },
      { value: 1, joined: true },
    ]);
    assert.deepEqual(await join('k', signal, begin), { value: 2, joined: false });
  });

  it('of other keys is not waited for', async () => {
    const join = createJoin<number>();
    void join('a', signal, () => new Promise(() => undefined));
    assert.deepEqual(await join('b', signal, async () => 1), { value: 1, joined: false });
  });

  it('shows while it is under way, and no longer', async () => {
    const join = createJoin<number>();
    const left = Promise.withResolvers<number>();
    const own = join('k', signal, () => left.promise);
    assert.equal(await join.underway('a', signal), undefined);
    const found = join.underway('k', signal);
    left.resolve(1);
    assert.equal(await found, 1);
    await own;
    assert.equal(await join.underway('k', signal), undefined);
  });

  it('that fails fails for all', async () => {
    const join = createJoin<number>();
    const fails = async () => {
      throw new Error('away');
    };
    const both = [join('k', signal, fails), join('k', signal, async () => 1)];
    for (const one of both) await assert.rejects(one, /away/);
  });

  it('whose caller went away is begun again, once', async () => {
    const join = createJoin<number>();
    const left = Promise.withResolvers<number>();
    let begun = 0;
    const first = join('k', signal, () => left.promise);
    const others = [1, 2, 3].map(() => join('k', signal, async () => ++begun));
    left.reject(gone);
    await assert.rejects(first, gone);
    assert.deepEqual(
      (await Promise.all(others)).map(({ value }) => value),
      [1, 1, 1],
    );
  });

  it('whose caller went away is nothing to those who only look, unless another begins it again', async () => {
    const join = createJoin<number>();
    const left = Promise.withResolvers<number>();
    const first = join('k', signal, () => left.promise);
    const found = join.underway('k', signal);
    left.reject(gone);
    await assert.rejects(first, gone);
    assert.equal(await found, undefined);

    const again = Promise.withResolvers<number>();
    const second = join('k', signal, () => again.promise);
    const third = join('k', signal, async () => 3);
    const seen = join.underway('k', signal);
    again.reject(gone);
    await assert.rejects(second, gone);
    assert.deepEqual([await third, await seen], [{ value: 3, joined: false }, 3]);
  });

  it('that fails fails for those who look, too, and is not waited for by who goes away', async () => {
    const join = createJoin<number>();
    const away = new Error('away');
    const fails = join('k', signal, () => Promise.reject(away));
    const seen = join.underway('k', signal);
    await assert.rejects(fails, away);
    await assert.rejects(seen, away);
    const caller = new AbortController();
    void join('k', signal, () => new Promise(() => undefined));
    const waits = join.underway('k', caller.signal);
    caller.abort(gone);
    await assert.rejects(waits, gone);
  });

  it('is not waited for by who goes away', async () => {
    const join = createJoin<number>();
    const caller = new AbortController();
    void join('k', signal, () => new Promise(() => undefined));
    const waits = join('k', caller.signal, async () => 1);
    caller.abort(gone);
    await assert.rejects(waits, gone);
  });
});
