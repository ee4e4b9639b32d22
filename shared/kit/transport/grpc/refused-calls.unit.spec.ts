import assert from 'node:assert/strict';
import { Metadata, status } from '@grpc/grpc-js';
import { CodedError } from '../../errors.ts';
import { toServiceError } from './grpc-status.ts';
import { refusedByLibrary } from './refused-calls.ts';

const INSIDE = 'connect ECONNREFUSED 10.0.0.1:5432';
const told = (code: number | undefined, details = INSIDE) => {
  const refused = refusedByLibrary({ code: code as status, details }, 1_000);
  assert.doesNotMatch(String(refused?.details), /ECONN|10\.0/);
  return refused && [refused.code, refused.metadata.get('error-code')[0]];
};

describe('a status that does not come from our handlers', () => {
  it('keeps what it is, gets it as its code, and loses its words', () => {
    for (const code of [
      status.CANCELLED,
      status.INVALID_ARGUMENT,
      status.NOT_FOUND,
      status.ALREADY_EXISTS,
      status.PERMISSION_DENIED,
      status.RESOURCE_EXHAUSTED,
      status.FAILED_PRECONDITION,
      status.ABORTED,
      status.OUT_OF_RANGE,
      status.UNIMPLEMENTED,
      status.UNAVAILABLE,
      status.DATA_LOSS,
      status.UNAUTHENTICATED,
    ]) {
      assert.deepEqual(told(code), [code, status[code]?.toLowerCase()]);
    }
  });

  it('that says nothing, or is none, is a failure of ours', () => {
    for (const code of [status.UNKNOWN, status.INTERNAL, 99, undefined]) {
      assert.deepEqual(told(code), [status.INTERNAL, 'internal']);
    }
  });

  it('is left alone where all is well, or it is ours', () => {
    assert.equal(refusedByLibrary({ code: status.OK, metadata: new Metadata() }, 1), undefined);
    const ours = toServiceError(new CodedError('conflict', 'version_conflict', 'It moved.'));
    assert.equal(refusedByLibrary(ours, 1), undefined);
  });

  it('of a service whose health is not known says so', () => {
    const words = 'Health status unknown for service x';
    assert.deepEqual(told(status.NOT_FOUND, words), [status.NOT_FOUND, 'service_not_found']);
  });
});
