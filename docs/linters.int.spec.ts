/** What others' tools find wrong with the documents that are committed: nothing. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DocumentLinters, findDocumentLinters } from '../stack/testing/document-linters.ts';
import { root } from './markdown.ts';

const openapi = join(root, 'docs/openapi.json');
const asyncapi = join(root, 'docs/asyncapi.json');

describe('the documents for programs', function suite() {
  this.timeout(400_000);
  let linters: DocumentLinters;
  before(async function install() {
    const said: string[] = [];
    const found = await findDocumentLinters((line) => said.push(line));
    if (found === undefined) {
      console.log(`      skipped: ${said.at(-1)}`);
      this.skip();
    }
    linters = found;
  });

  it('Redocly finds nothing', async () => {
    assert.deepEqual(await linters.redocly(openapi), []);
  });

  it('Spectral finds nothing', async () => {
    assert.deepEqual(await linters.spectral(readFileSync(openapi, 'utf8')), []);
  });

  it("AsyncAPI's parser finds nothing", async () => {
    assert.deepEqual(await linters.asyncapi(readFileSync(asyncapi, 'utf8')), []);
  });

  it('RE2 compiles every pattern', () => {
    const patterns: string[] = [];
    for (const file of [openapi, asyncapi]) {
      JSON.parse(readFileSync(file, 'utf8'), (name, value: unknown) => {
        if (name === 'pattern') patterns.push(String(value));
        return value;
      });
    }
    assert.ok(patterns.length > 0);
    for (const pattern of patterns) linters.re2(pattern);
  });

  it('each of them finds what is wrong', async () => {
    const broken = { ...(JSON.parse(readFileSync(openapi, 'utf8')) as object), info: {} };
    assert.notDeepEqual(await linters.spectral(JSON.stringify(broken)), []);
    assert.notDeepEqual(
      await linters
        .redocly(asyncapi.replace('asyncapi', 'schemas/ORDERS.created'))
        .catch(() => ['refused']),
      [],
    );
    assert.notDeepEqual(await linters.asyncapi(JSON.stringify({ asyncapi: '3.1.0' })), []);
    assert.throws(() => linters.re2('(?=a)'));
  });
});
