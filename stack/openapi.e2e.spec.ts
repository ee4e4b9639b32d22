/**
 * ordersvc does what its OpenAPI document says, whatever it is asked.
 * SCHEMATHESIS_SEED (one or more, with commas) and SCHEMATHESIS_EXAMPLES make a
 * longer hunt of it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localToken, signingKey } from '../shared/credentials/local-token.ts';
import { type Stack, startStack } from './stack.ts';
import { findSchemathesis } from './testing/schemathesis.ts';
import { testFolder } from './testing.ts';

const document = fileURLToPath(new URL('../docs/openapi.json', import.meta.url));
/** Three that ask little each find more than one that asks as much as they do together. */
const seeds = (process.env.SCHEMATHESIS_SEED ?? '1,2,3').split(',').map(Number);
const examples = Number(process.env.SCHEMATHESIS_EXAMPLES ?? 34);
const OPERATIONS = 8;
/** In CI a run takes a minute; a longer hunt is given its time. */
const deadlineMs = 180_000 + examples * 5_000;

describe('the OpenAPI document of ordersvc', function () {
  this.timeout(seeds.length * deadlineMs + 420_000);
  let stack: Stack;

  before(async () => {
    stack = await startStack({
      dataDir: await testFolder(),
      durable: false,
      zipkin: false,
      // As behind a proxy: nobody is taken for a person of this machine.
      environment: { ordersvc: { TRUSTED_PROXIES: '1' } },
      // Paid and never reviewed: there is something left to decide.
      services: ['eventstoresvc', 'ordersvc', 'querymodelworker', 'paymentworker'],
    });
  });
  after(async () => {
    await stack?.stop();
  });

  it('is served as it is committed', async () => {
    const response = await fetch(`${stack.httpUrl}/openapi.json`);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), JSON.parse(readFileSync(document, 'utf8')));
  });

  for (const seed of seeds)
    it(`is kept, whatever is asked by seed ${seed}`, async function () {
      const lines: string[] = [];
      const schemathesis = await findSchemathesis((line) => lines.push(line));
      if (schemathesis === undefined) {
        console.log(`      skipped: ${lines.at(-1)}`);
        this.skip();
      }
      const key = readFileSync(join(stack.credentialsDir, ...signingKey), 'utf8');
      const { passed, output } = await schemathesis({
        document,
        url: stack.httpUrl ?? '',
        token: await localToken(key, { sub: 'olga', roles: ['operator'] }, 60),
        seed,
        examples,
        deadlineMs,
      });
      assert.ok(passed, output);
      // What it could not make requests for, it would not have found at fault.
      assert.match(output, new RegExp(`Tested: ${OPERATIONS}\\n`), output);
      const [, generated] = /(\d+) generated/.exec(output) ?? [];
      assert.ok(Number(generated) > 4 * examples, output);
      const sources = readdirSync(new URL('./testing/schemathesis/', import.meta.url));
      assert.deepEqual(sources.toSorted(), ['hooks.py', 'schemathesis.toml'], 'it leaves nothing');
    });
});
