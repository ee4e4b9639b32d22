/** docs/errors.md has every code that the source has, with what the one table makes of its kind. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { type Kind, kinds } from '../shared/kit/errors.ts';
import { type CodedPlace, codedPlaces } from './error-codes.ts';
import { cells, root, section } from './markdown.ts';

const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
const places = codedPlaces();

/** Rows of the table under `title`: code, kind, what the kind comes to there, and words. */
const rowsUnder = (title: string) =>
  section(page, title)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [code = '', kind = '', outcome = '', ...words] = cells(line);
      return { code: code.replaceAll('`', ''), kind, outcome, words };
    });

const HTTP = 'Over HTTP';
const GRPC = 'Over gRPC';
const INSIDE = 'Inside';

/** What a place comes to in each table. */
const outcomes: Record<string, (place: CodedPlace) => string> = {
  [HTTP]: ({ kind, status }) => String(status ?? kinds[kind as Kind].http),
  [GRPC]: ({ kind }) => status[kinds[kind as Kind].grpc] ?? '',
  [INSIDE]: ({ kind }) => kinds[kind as Kind].queue,
};

const named = ({ code, kind }: Pick<CodedPlace, 'code' | 'kind'>) => `${code} (${kind ?? '–'})`;

describe('docs/errors.md', () => {
  it('has every code of the source, and no other', () => {
    const told = [HTTP, GRPC, INSIDE].flatMap(rowsUnder).map(named);
    assert.deepEqual([...new Set(told)].sort(), [...new Set(places.map(named))].sort());
  });

  for (const title of [HTTP, GRPC, INSIDE]) {
    it(`${title}: says what the one table makes of each kind, what it means and what to do`, () => {
      const rows = rowsUnder(title);
      assert.ok(rows.length > 0);
      for (const row of rows) {
        const place = places.find((one) => named(one) === named(row));
        assert.ok(place, `${named(row)} is not in the source`);
        assert.equal(row.outcome, outcomes[title]?.(place), row.code);
        assert.ok(
          row.words.length === 2 && row.words.every((text) => text !== ''),
          `${row.code}: what does it mean, and what is to be done?`,
        );
      }
    });
  }

  it('what ordersvc and HTTP fail with stands among what is heard over HTTP', () => {
    const told = new Set(rowsUnder(HTTP).map(({ code }) => code));
    const heard = /^(services\/ordersvc\/|shared\/kit\/transport\/(http|json|problem))/;
    const missing = places.filter(({ file, code }) => heard.test(file) && !told.has(code));
    assert.deepEqual(missing.map(named), []);
  });

  it('what eventstoresvc and gRPC refuse stands among what is heard over gRPC', () => {
    const told = new Set(rowsUnder(GRPC).map(({ code }) => code));
    const heard =
      /^(services\/eventstoresvc\/(?!published-stream)|shared\/kit\/transport\/grpc-(guard|handler|refused|context|bounds))/;
    const missing = places.filter(({ file, code }) => heard.test(file) && !told.has(code));
    assert.deepEqual(missing.map(named), []);
  });
});
