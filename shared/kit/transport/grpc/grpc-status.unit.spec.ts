import assert from 'node:assert/strict';
import { Metadata, status } from '@grpc/grpc-js';
import { CodedError, type Kind, kinds } from '../../errors.ts';
import { fromServiceError, isUnimplemented, toServiceError } from './grpc-status.ts';

const foreign = (code: status, details: string) =>
  Object.assign(new Error(`${code} ${details}`), { code, details, metadata: new Metadata() });

describe('errors over gRPC', () => {
  it('every kind, its code and its message come through as they were', () => {
    for (const kind of Object.keys(kinds) as Kind[]) {
      const back = fromServiceError(
        toServiceError(new CodedError(kind, 'some_code', 'Some text.')),
      );
      assert.deepEqual([back.kind, back.code], [kind, 'some_code']);
      if (kinds[kind].grpc !== status.INTERNAL) assert.equal(back.message, 'Some text.');
    }
  });

  it('names of fields and the time to wait come through, in any script', () => {
    const problems = [{ field: 'name', message: 'must not be “Ünï” or 🙈\n' }];
    const sent = new CodedError('invalid', 'x', 'x', { problems, retryAfterMs: 1500 });
    const back = fromServiceError(toServiceError(sent));
    assert.deepEqual(back.problems, problems);
    assert.equal(back.retryAfterMs, 1500);
  });

  it('trailers stay small however much is wrong', () => {
    const problems = Array.from({ length: 10_000 }, (_, i) => ({
      field: `f${i}`,
      message: 'é'.repeat(50),
    }));
    const sent = toServiceError(new CodedError('invalid', 'x', 'm'.repeat(100_000), { problems }));
    assert.ok(JSON.stringify(sent.metadata.getMap()).length < 8192);
    assert.ok(sent.details.length <= 1024);
    const back = fromServiceError(sent);
    assert.ok(back.problems.length > 1);
    assert.deepEqual(back.problems[0], problems[0]);
  });

  it('nothing of the inside gets out', () => {
    const sent = toServiceError(new Error('select secret from /srv/app.ts'));
    assert.doesNotMatch(JSON.stringify([sent.details, sent.metadata.getMap()]), /select|srv/);
  });

  it('a kind that does not go with its status is not believed', () => {
    const sent = foreign(status.NOT_FOUND, 'x');
    sent.metadata.set('error-code', 'x');
    sent.metadata.set('error-kind', 'invalid');
    assert.equal(fromServiceError(sent).kind, 'not_found');
  });

  it('trailers that make no sense do no harm', () => {
    const sent = toServiceError(new CodedError('invalid', 'x', 'x'));
    for (const text of ['{', '{}', '[1,null,{"field":1}]']) {
      sent.metadata.set('error-problems', text);
      assert.deepEqual(fromServiceError(sent).problems, []);
    }
  });

  it('a peer that is away is unavailable, and its address stays in the cause', () => {
    for (const [code, details] of [
      [
        status.UNAVAILABLE,
        'No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1',
      ],
      [status.INTERNAL, 'Received RST_STREAM with code 2 triggered by internal client error'],
      [status.UNKNOWN, 'Connection dropped'],
    ] as const) {
      const back = fromServiceError(foreign(code, details));
      assert.deepEqual([back.kind, back.code], ['unavailable', 'unavailable']);
      assert.doesNotMatch(back.message, /127/);
    }
  });

  it('a deadline that passed is a timeout', () => {
    const back = fromServiceError(foreign(status.DEADLINE_EXCEEDED, 'Deadline exceeded'));
    assert.deepEqual([back.kind, back.code], ['timeout', 'deadline_exceeded']);
  });

  it('a call that its server does not know is a fault of ours, and refuses no caller and no event', () => {
    const bare = foreign(status.UNIMPLEMENTED, 'The server does not implement the method /x/Y');
    const named = foreign(status.UNIMPLEMENTED, 'The call ended with UNIMPLEMENTED.');
    named.metadata.set('error-code', 'unimplemented');
    for (const sent of [bare, named]) {
      const back = fromServiceError(sent);
      assert.deepEqual([back.kind, isUnimplemented(back)], ['internal', true]);
      assert.ok(isUnimplemented(new Error('outer', { cause: back })));
    }
    assert.equal(
      isUnimplemented(new CodedError('method_not_allowed', 'unsupported_call', '')),
      false,
    );
  });

  it('a coded error stays the one it is', () => {
    const error = new CodedError('conflict', 'x', 'x');
    assert.equal(fromServiceError(new Error('outer', { cause: error })), error);
  });
});
