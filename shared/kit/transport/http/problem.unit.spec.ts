import assert from 'node:assert/strict';
import { CodedError, codedError } from '../../errors.ts';
import { problemDocument, retryAfterSeconds } from './problem.ts';

describe('problemDocument', () => {
  it('names every field that is wrong', () => {
    const problems = [{ field: 'items[0].quantity', message: 'must be at least 1' }];
    const error = new CodedError('invalid', 'invalid_parcel', 'The parcel is wrong.', { problems });
    assert.deepEqual(problemDocument(error, 'abc', 'urn:parcels:problem:'), {
      type: 'urn:parcels:problem:invalid_parcel',
      title: 'Unprocessable Entity',
      status: 422,
      detail: 'The parcel is wrong.',
      code: 'invalid_parcel',
      problems,
      trace_id: 'abc',
    });
  });

  it('shows nothing of the inside, whatever failed', () => {
    const secret = 'select * from events at /srv/app/main.ts';
    for (const error of [
      codedError(new Error(secret)),
      new CodedError('internal', 'broken', secret),
      new CodedError('unavailable', 'database_unavailable', 'Try again.', {
        cause: new Error(secret),
      }),
    ]) {
      assert.doesNotMatch(
        JSON.stringify(problemDocument(error, '', 'urn:parcels:problem:')),
        /select|main\.ts/,
      );
    }
  });
});

describe('retryAfterSeconds', () => {
  it('is whole seconds, never less than one', () => {
    const wait = (retryAfterMs: number) =>
      retryAfterSeconds(
        new CodedError('rate_limited', 'rate_limited', 'Slow down.', { retryAfterMs }),
      );
    assert.deepEqual([wait(1), wait(1000), wait(1001)], [1, 1, 2]);
  });

  it('is always given with 429 and 503, and not where coming back would not help', () => {
    const wait = (kind: 'rate_limited' | 'overloaded' | 'unavailable' | 'invalid') =>
      retryAfterSeconds(new CodedError(kind, 'x', 'x'));
    assert.deepEqual(
      [wait('rate_limited'), wait('overloaded'), wait('unavailable'), wait('invalid')],
      [1, 1, 1, undefined],
    );
  });
});
