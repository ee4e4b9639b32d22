import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { root } from './markdown.ts';
import { namesOrders } from './ordering.ts';

/** What any system may be built on. */
const frame = globSync('{shared/{kit,eventstore,process-manager,money},zipkin}/**/*.*', {
  cwd: root,
}).sort();

const lines = frame.flatMap((file) =>
  readFileSync(`${root}/${file}`, 'utf8')
    .split('\n')
    .map((text, index) => ({ at: `${file}:${index + 1}`, text })),
);

describe('the frame', () => {
  it('knows no orders: the word says there what comes first, and nothing else', () => {
    const found = lines.filter(({ text }) => /order/i.test(text));
    assert.ok(frame.length > 200 && found.length > 10, 'the search finds something');
    assert.deepEqual(
      found.filter(({ text }) => namesOrders(text)).map(({ at, text }) => `${at}: ${text}`),
      [],
      'what is an order’s stands in shared/domain, shared/contracts or an order service',
    );
  });
});
