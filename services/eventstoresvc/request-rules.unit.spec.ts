import assert from 'node:assert/strict';
import { CodedError } from '../../shared/kit/errors.ts';
import {
  checkRequest,
  closeReasonProblem,
  consumerProblem,
  currencyProblems,
  deliveriesProblem,
  gatherProblem,
  idProblem,
  idsProblems,
  limitProblem,
  MAX_PAGE,
  positionProblem,
  positionsProblems,
  streamProblem,
  typesProblem,
} from './request-rules.ts';

describe('the rules of requests', () => {
  it('take what is at the edge, and no more', () => {
    const taken = [
      gatherProblem(0),
      gatherProblem(1_000),
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
      typesProblem([]),
      typesProblem(['ORDERS.created']),
      ...positionsProblems('p', [1n, 2n]),
      ...currencyProblems({ code: 'CLF', decimals: 4 }),
      ...currencyProblems({ code: 'JPY', decimals: 0 }),
      ...positionsProblems('p', Array(MAX_PAGE).fill(1n)),
    ];
    assert.deepEqual(
      taken.filter((one) => one !== undefined),
      [],
    );
    const refused = [
      typesProblem(['a b']),
      typesProblem(['']),
      typesProblem(Array(101).fill('a')),
      gatherProblem(-1),
      gatherProblem(1_001),
      limitProblem(0),
      limitProblem(MAX_PAGE + 1),
      ...['usd', 'US', 'USDX', 'U D', ''].map((code) => currencyProblems({ code, decimals: 2 })[0]),
      ...[-1, 5, 1.5].map((decimals) => currencyProblems({ code: 'USD', decimals })[1]),
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

  it('say what is wrong, and of which field', () => {
    const said = (...found: ReturnType<typeof limitProblem>[]) =>
      found.map((one) => one && `${one.field} ${one.message}`);
    assert.equal(MAX_PAGE, 1_000);
    assert.deepEqual(
      said(
        limitProblem(0),
        positionProblem('after', -1n, 0n),
        deliveriesProblem(-1),
        deliveriesProblem(-2, 'letter.deliveries'),
        consumerProblem('a b'),
        consumerProblem('', 'letter.consumer'),
        idProblem('id', 'x'.repeat(201)),
        idProblem('id', 'a\n'),
        streamProblem('PAYMENTS', 'ORDERS'),
        streamProblem(`B${'x'.repeat(60)}`, 'ORDERS'),
        ...idsProblems('ids', ['a', 'b'], 1),
        ...idsProblems('ids', ['a', '\n'], 2),
        ...positionsProblems('places', Array(MAX_PAGE + 1).fill(1n)),
        ...positionsProblems('places', [1n, 0n]),
      ),
      [
        'limit is 0, but must be from 1 to 1000',
        'after is -1, but must be 0 or more',
        'deliveries is -1, but must not be negative',
        'letter.deliveries is -2, but must not be negative',
        'consumer must be 1 to 128 letters, digits, dots, dashes or underscores',
        'letter.consumer must be 1 to 128 letters, digits, dots, dashes or underscores',
        'id is 201 characters long, at most 200 are allowed',
        'id holds a control character',
        'stream is "PAYMENTS", but this store serves ORDERS',
        `stream is "B${'x'.repeat(39)}", but this store serves ORDERS`,
        'ids are 2, at most 1',
        undefined,
        'ids[1] holds a control character',
        'places are 1001, at most 1000',
        undefined,
        'places[1] is 0, but must be 1 or more',
      ],
    );
  });

  it('want a reason for closing a letter: not blank, not too long, and in one line', () => {
    assert.equal(closeReasonProblem('x'.repeat(500)), undefined);
    for (const [reason, problem] of [
      ['', 'reason is missing: say why it needs no answer'],
      [' \t', 'reason is missing: say why it needs no answer'],
      ['x'.repeat(501), 'reason is 501 characters long, at most 500'],
      ['a\nb', 'reason holds a control character'],
    ] as const) {
      const found = closeReasonProblem(reason);
      assert.equal(found && `${found.field} ${found.message}`, problem);
    }
  });

  it('refuse for one problem as for many', () => {
    assert.throws(
      () => checkRequest(limitProblem(0)),
      (error) =>
        error instanceof CodedError &&
        error.kind === 'invalid' &&
        error.message === 'The request is not valid: limit is 0, but must be from 1 to 1000.',
    );
  });
});
