import assert from 'node:assert/strict';
import { CodedError } from '../../shared/kit/errors.ts';
import {
  checkRequest,
  consumerProblem,
  deliveriesProblem,
  idProblem,
  idsProblems,
  limitProblem,
  MAX_PAGE,
  positionProblem,
  positionsProblems,
  streamProblem,
} from './request-rules.ts';

describe('the rules of requests', () => {
  it('take what is at the edge, and no more', () => {
    const taken = [
      limitProblem(1),
      limitProblem(MAX_PAGE),
      positionProblem('p', 0n, 0n),
      positionProblem('p', 1n, 1n),
      deliveriesProblem(0),
      consumerProblem('a.b_c-1'),
      consumerProblem('x'.repeat(128)),
      idProblem('i', 'x'.repeat(200)),
      streamProblem('', 'ORDERS'),
      streamProblem('ORDERS', 'ORDERS'),
      ...idsProblems('ids', ['a', 'b'], 2),
      ...positionsProblems('p', [1n, 2n]),
      ...positionsProblems('p', Array(MAX_PAGE).fill(1n)),
    ];
    assert.deepEqual(
      taken.filter((one) => one !== undefined),
      [],
    );
    const refused = [
      limitProblem(0),
      limitProblem(MAX_PAGE + 1),
      positionProblem('p', -1n, 0n),
      positionProblem('p', 0n, 1n),
      deliveriesProblem(-1),
      consumerProblem(''),
      consumerProblem('x'.repeat(129)),
      consumerProblem('a b'),
      idProblem('i', 'x'.repeat(201)),
      idProblem('i', '\0'),
      streamProblem('B', 'ORDERS'),
      ...idsProblems('ids', ['a', 'b'], 1),
      ...positionsProblems('p', [0n]),
      ...positionsProblems('p', Array(MAX_PAGE + 1).fill(1n)),
    ];
    assert.ok(refused.every((one) => one !== undefined));
  });

  it('name everything that is wrong at once', () => {
    const wrong = () => checkRequest(consumerProblem(''), undefined, limitProblem(0));
    assert.throws(wrong, (error) => {
      assert.ok(error instanceof CodedError && error.code === 'invalid_request');
      assert.deepEqual(
        error.problems.map(({ field }) => field),
        ['consumer', 'limit'],
      );
      return true;
    });
    checkRequest(undefined);
  });
});
