import assert from 'node:assert/strict';
import {
  fromZipkin,
  hasNoIdInNames,
  hasSingleSpanNamed,
  spanTrees,
  treeText,
  type ZipkinSpan,
} from './spans.ts';

const span = (id: string, parentId: string | undefined, name: string): ZipkinSpan => ({
  traceId: 't',
  id,
  ...(parentId !== undefined && { parentId }),
  name,
  localEndpoint: { serviceName: 'ordersvc' },
});

describe('span assertions', () => {
  const spans = fromZipkin([
    span('2', '1', 'place'),
    span('1', 'caller', 'POST /api/orders'),
    span('3', '1', 'append'),
  ]);

  it('make a tree whose only missing parent is the caller', () => {
    const trees = spanTrees(spans, 'caller');
    assert.equal(
      treeText(trees),
      'ordersvc: post /api/orders [INTERNAL]\n' +
        '  ordersvc: place [INTERNAL]\n  ordersvc: append [INTERNAL]\n',
    );
  });

  it('fail where a parent is missing', () => {
    assert.throws(() => spanTrees(spans), /parent of "post \/api\/orders" \(ordersvc\) is missing/);
  });

  it('fail where the spans are of two traces', () => {
    const other = fromZipkin([{ ...span('9', undefined, 'x'), traceId: 'u' }]);
    assert.throws(() => spanTrees([...spans, ...other], 'caller'), /Expected one trace/);
  });

  it('find a span by its name in any case, and fail for none and for two', () => {
    assert.equal(hasSingleSpanNamed(spans, 'Post /api/orders').id, '1');
    assert.throws(() => hasSingleSpanNamed(spans, 'fold'), /no span "fold"/);
    assert.throws(() => hasSingleSpanNamed([...spans, ...spans], 'place'), /2 spans "place"/);
  });

  it('fail for an id in a name', () => {
    hasNoIdInNames(spans, ['order-7']);
    const named = (name: string) => fromZipkin([span('1', undefined, name)]);
    assert.throws(() => hasNoIdInNames(named('GET /Order-7'), ['order-7']));
    assert.throws(() => hasNoIdInNames(named('get b5c3d0de-52d1-4f0f-9a3e-0c8b8f6f2a11')));
  });
});
