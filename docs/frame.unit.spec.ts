import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { root } from './markdown.ts';

/** What any system may be built on. */
const frame = globSync('{shared/{kit,eventstore,process-manager,money},zipkin}/**/*.*', {
  cwd: root,
}).sort();

/** The word where it says what comes first, and the words that only hold its letters. */
const ordering = [
  /\bout of order\b/g,
  /\bin (the |the same |their |its |reverse )?order\b/gi,
  /\bthe (stream|log)['’]s order\b/g,
  /\b(the|their) order of\b/gi,
  /\border(ed)? by\b/gi,
  /\border within one\b/g,
  /\bdigits, order and all\b/g,
  /\breorder\b/g,
  /recorder\b/gi,
];

const lines = frame.flatMap((file) =>
  readFileSync(`${root}/${file}`, 'utf8')
    .split('\n')
    .map((text, index) => ({ at: `${file}:${index + 1}`, text })),
);

describe('the frame', () => {
  it('knows no orders: the word says there what comes first, and nothing else', () => {
    const rest = (text: string) => ordering.reduce((left, word) => left.replace(word, ''), text);
    const found = lines.filter(({ text }) => /order/i.test(text));
    assert.ok(frame.length > 200 && found.length > 10, 'the search finds something');
    assert.deepEqual(
      found.filter(({ text }) => /order/i.test(rest(text))).map(({ at, text }) => `${at}: ${text}`),
      [],
      'what is an order’s stands in shared/domain, shared/contracts or an order service',
    );
  });
});
