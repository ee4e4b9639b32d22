import assert from 'node:assert/strict';
import { CodedError, codedError, isKind, isMachineryFailure, kinds } from './errors.ts';

describe('coded errors', () => {
  const refused = new CodedError('conflict', 'version_conflict', 'The parcel moved on.');

  it('wrapping an error never changes its answer', () => {
    const wrapped = new Error('outer', { cause: new Error('inner', { cause: refused }) });
    assert.equal(codedError(wrapped), refused);
  });

  it('an unknown error is internal and tells the caller nothing', () => {
    const secret = new Error('password authentication failed for user "postgres"');
    const coded = codedError(secret);
    assert.equal(coded.kind, 'internal');
    assert.doesNotMatch(coded.message, /postgres/);
    assert.equal(coded.cause, secret);
  });

  it('a chain of causes that bites its tail does not hang', () => {
    const a = new Error('a');
    a.cause = new Error('b', { cause: a });
    assert.equal(codedError(a).kind, 'internal');
  });

  it('a business refusal is no machinery failure; an outage is', () => {
    assert.equal(isMachineryFailure(refused), false);
    assert.equal(isMachineryFailure(new CodedError('unavailable', 'x', 'x')), true);
    assert.equal(isMachineryFailure(new TypeError('bug')), true);
    assert.ok(isKind(refused, 'conflict', 'timeout'));
  });

  it('every kind has a status that HTTP and gRPC know', () => {
    for (const row of Object.values(kinds)) {
      assert.ok(row.http >= 400 && row.http < 600);
      assert.ok(row.grpc >= 1 && row.grpc <= 16);
    }
  });

  it('each kind is what callers, and queues, were promised', () => {
    const rows = Object.entries(kinds).map(([kind, { http, grpc, queue, machinery }]) =>
      [kind, http, grpc, queue, { true: 'machinery', false: 'answer' }[`${machinery}`]].join(' '),
    );
    assert.deepEqual(rows, [
      'malformed 400 3 poison answer',
      'invalid 422 3 poison answer',
      'unauthenticated 401 16 retry answer',
      'forbidden 403 7 retry answer',
      'not_found 404 5 retry answer',
      'method_not_allowed 405 12 poison answer',
      'too_large 413 3 poison answer',
      'unsupported_media_type 415 3 poison answer',
      'misdirected 421 9 poison answer',
      'already_exists 422 6 poison answer',
      'conflict 409 10 retry answer',
      'precondition_failed 412 9 retry answer',
      'rate_limited 429 8 retry answer',
      'overloaded 503 8 retry machinery',
      'unavailable 503 14 retry machinery',
      'timeout 504 4 retry machinery',
      'cancelled 499 1 retry answer',
      'internal 500 13 retry machinery',
      'parked 500 13 parked answer',
    ]);
  });

  it('holds what it is made of, and says that nothing else is wrong', () => {
    const problems = [{ field: 'f', message: 'm' }];
    const cause = new Error('inside');
    const full = new CodedError('invalid', 'code', 'text', { problems, cause, retryAfterMs: 5 });
    assert.deepEqual(
      [full.name, full.kind, full.code, full.message, full.problems, full.retryAfterMs],
      ['CodedError', 'invalid', 'code', 'text', problems, 5],
    );
    assert.equal(full.cause, cause);
    const bare = new CodedError('invalid', 'code', 'text');
    assert.deepEqual([bare.problems, bare.retryAfterMs], [[], undefined]);
    assert.ok(!('cause' in bare));
  });

  it('is found behind seven others, and not behind more; what was thrown may be no error', () => {
    const behind = (links: number): unknown => {
      let error: Error = refused;
      for (let n = 0; n < links; n++) error = new Error('wrapped', { cause: error });
      return error;
    };
    assert.equal(codedError(behind(7)), refused);
    assert.equal(codedError(behind(8)).code, 'internal');
    for (const thrown of ['text', undefined, { cause: refused }]) {
      assert.equal(codedError(thrown).code, 'internal');
    }
    assert.equal(isKind(refused, 'timeout'), false);
  });
});
