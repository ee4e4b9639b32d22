import assert from 'node:assert/strict';
import { CodedError, codedError, isKind, isMachineryFailure, kinds } from './errors.ts';

describe('coded errors', () => {
  const refused = new CodedError('conflict', 'version_conflict', 'The order moved on.');

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
});
