import assert from 'node:assert/strict';
import { etag, isKnown, versioned, versionsMatched } from './etag.ts';
import type { HttpRequest } from './route.ts';

const asking = (ifNoneMatch?: string) =>
  ({
    headers: ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch },
  }) as unknown as HttpRequest;

describe('If-Match', () => {
  const cases: readonly (readonly [string | undefined, readonly bigint[] | undefined])[] = [
    [undefined, undefined],
    ['*', undefined],
    [' * ', undefined],
    ['"2"', [2n]],
    ['"2", "10" ,,"0"', [2n, 10n, 0n]],
    ['W/"2"', []],
    ['W/"2", "3"', [3n]],
    ['"02"', []],
    ['"two", "2"', [2n]],
    ['2', []],
    ['"2', []],
    ['"1" "2', []],
    ['*, "2"', []],
    ['', []],
    [`"${'9'.repeat(30)}"`, []],
  ];
  for (const [header, versions] of cases) {
    it(`${header ?? 'none'} names ${versions?.join(', ') ?? 'any version'}${versions?.length === 0 ? 'none' : ''}`, () => {
      const headers = header === undefined ? {} : { 'if-match': header };
      assert.deepEqual(versionsMatched({ headers }), versions);
    });
  }
});

describe('If-None-Match', () => {
  const known = ['"2"', 'W/"2"', '*', ' * ', '"1", "2"', '"a,b" ,W/"2"', ',"2",', '"1","2","3"'];
  for (const header of known) {
    it(`${header} is answered with 304 at version 2`, () => {
      assert.equal(isKnown(asking(header), etag(2n)), true);
    });
  }

  const unknown = ['"1"', '"22"', '2', '', '"2', 'w/"2"', '"1,"2"', '*, "2"', 'x "2"', '"\\"2\\""'];
  for (const header of unknown) {
    it(`${header === '' ? 'an empty one' : header} is answered whole at version 2`, () => {
      assert.equal(isKnown(asking(header), etag(2n)), false);
    });
  }

  it('a list made to be slow is not', () => {
    // Minutes and more, and so a failure, where the time is the square of the length.
    isKnown(asking(`${', '.repeat(500_000)}x`), etag(2n));
    isKnown(asking('"'.repeat(1_000_000)), etag(2n));
  });

  it('304 has the headers of the answer and no body', () => {
    const response = { status: 200, headers: { 'x-stale': 'true' }, body: {} };
    const headers = { 'x-stale': 'true', etag: '"2"', 'cache-control': 'private, no-cache' };
    assert.deepEqual(versioned(asking('"2"'), 2n, response), { status: 304, headers });
    assert.deepEqual(versioned(asking(), 2n, response), { status: 200, headers, body: {} });
  });
});
