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

/** Rows of the table under `title`: code, kind, the kind's outcome there, and words. */
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
const CONSOLE = 'In the console';
const SECTIONS = [HTTP, CONSOLE, GRPC, INSIDE];

/** A place's outcome in each table. */
const outcomes: Record<string, (place: CodedPlace) => string> = {
  [HTTP]: ({ kind, status }) => String(status ?? kinds[kind as Kind].http),
  [CONSOLE]: ({ kind }) => String(kinds[kind as Kind].http),
  [GRPC]: ({ kind }) => status[kinds[kind as Kind].grpc] ?? '',
  [INSIDE]: ({ kind }) => kinds[kind as Kind].queue,
};

/** `409 order_ended` for each code that an answer may have, and those that its introduction tells of. */
function toldByOpenApi(): readonly string[] {
  const document = readFileSync(join(root, 'docs/openapi.json'), 'utf8');
  const found = new Set<string>();
  JSON.parse(document, (_key, value) => {
    const { status, code } = (value ?? {}) as {
      status?: { const?: number };
      code?: { enum?: string[] };
    };
    for (const one of code?.enum ?? []) found.add(`${status?.const} ${one}`);
    return value;
  });
  for (const [, status, code] of document.matchAll(/is (4\d\d)[^.;(]*\(code (\w+)\)/g)) {
    found.add(`${status} ${code}`);
  }
  return [...found].sort();
}

const named = ({ code, kind }: Pick<CodedPlace, 'code' | 'kind'>) => `${code} (${kind ?? '–'})`;

describe('docs/errors.md', () => {
  it('has every code of the source, and no other', () => {
    const told = SECTIONS.flatMap(rowsUnder).map(named);
    assert.deepEqual([...new Set(told)].sort(), [...new Set(places.map(named))].sort());
  });

  for (const title of SECTIONS) {
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
    const heard = /^(services\/ordersvc\/|shared\/kit\/transport\/http\/)/;
    const missing = places.filter(({ file, code }) => heard.test(file) && !told.has(code));
    assert.deepEqual(missing.map(named), []);
  });

  it('what is refused over HTTP is told by docs/openapi.json with its status, and no other code is', () => {
    const told = toldByOpenApi();
    const refused = rowsUnder(HTTP)
      // Of failures the document tells only some; 499 nobody reads.
      .filter(({ outcome }) => Number(outcome) < 500 && outcome !== '499')
      .map(({ code, outcome }) => `${outcome} ${code}`);
    assert.deepEqual([...new Set(refused)].sort(), told);
  });

  it('what eventstoresvc and gRPC refuse stands among what is heard over gRPC', () => {
    const told = new Set(rowsUnder(GRPC).map(({ code }) => code));
    const heard =
      /^(services\/eventstoresvc\/(?!relay\/published-stream)|shared\/kit\/transport\/grpc\/(guard|handler|refused-calls|call-context))/;
    const missing = places.filter(({ file, code }) => heard.test(file) && !told.has(code));
    assert.deepEqual(missing.map(named), []);
  });
});
