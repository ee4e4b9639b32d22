import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { codedError } from '../../errors.ts';
import { byteBudget } from '../byte-budget.ts';
import { readBody } from './body.ts';

/** A request of so many bytes, in parts. */
function request(parts: readonly number[], announced: boolean): IncomingMessage {
  const length = parts.reduce((sum, part) => sum + part, 0);
  const headers = announced
    ? { 'content-length': `${length}` }
    : { 'transfer-encoding': 'chunked' };
  return Object.assign(Readable.from(parts.map((part) => Buffer.alloc(part))), {
    headers,
  }) as unknown as IncomingMessage;
}

describe('the limit of a body', () => {
  const LIMIT = 10;
  const read = (parts: readonly number[], announced: boolean) =>
    readBody(request(parts, announced), LIMIT, byteBudget(1_000)).then(
      (body) => body.length,
      (error) => codedError(error).code,
    );

  for (const announced of [true, false]) {
    it(`is the largest that is taken, its length ${announced ? 'announced' : 'not announced'}`, async () => {
      assert.equal(await read([LIMIT], announced), LIMIT);
      assert.equal(await read([4, LIMIT - 4], announced), LIMIT);
      assert.equal(await read([LIMIT + 1], announced), 'body_too_large');
      assert.equal(await read([LIMIT, 1], announced), 'body_too_large');
      assert.equal(await read([], announced), 0);
    });
  }
});
