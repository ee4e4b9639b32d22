/**
 * The OpenAPI document is a correct one, docs/openapi.json is current, and it
 * describes what is served. WRITE_DOCS=true writes the file. That the service
 * does what the document says is tried in stack/openapi.e2e.spec.ts.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { z } from 'zod';
import { PROBLEM_TYPES } from '../../../shared/contracts/subjects.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { parseJson } from '../../../shared/kit/transport/http/json.ts';
import { exampleOf, problemSchema } from '../../../shared/kit/transport/http/openapi/bodies.ts';
import { problemDocument } from '../../../shared/kit/transport/http/problem.ts';
import type { Currency } from '../../../shared/money/currency.ts';
import { currency, usd } from '../../../shared/testing/test-currency.ts';
import type { OrderEndpoints } from '../endpoints.ts';
import { orderRoutes } from '../transport-http.ts';
import { apiDocument } from './api-document.ts';
import { orderRequestReader } from './order-body.ts';

const file = new URL('../../../docs/openapi.json', import.meta.url);
const routes = (of: Currency) => orderRoutes({} as OrderEndpoints, of);
const openApiDocument = (of: Currency) => apiDocument(routes(of), of);
/** As it is committed. */
const document = () => {
  const text = JSON.stringify(openApiDocument(usd), null, 2);
  // What does not show in an editor is escaped.
  return `${text.replace(/[^\n -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
};

describe('the OpenAPI document', () => {
  it('is the one in docs/openapi.json', () => {
    if (process.env.WRITE_DOCS === 'true') writeFileSync(file, document());
    assert.equal(
      readFileSync(file, 'utf8'),
      document(),
      'WRITE_DOCS=true npx mocha services/ordersvc/http/api-document.unit.spec.ts writes it',
    );
  });

  for (const code of ['JPY', 'USD', 'KWD', 'MGA']) {
    it(`is correct OpenAPI 3.1 where money is ${code}`, async () => {
      const validator = new Validator();
      const { valid, errors } = await validator.validate(
        JSON.parse(JSON.stringify(openApiDocument(currency(code)))),
      );
      assert.ok(valid, JSON.stringify(errors, null, 2));
      assert.equal(validator.version, '3.1');
      // Throws for a reference to what is not there.
      validator.resolveRefs();
    });
  }

  it('describes every method and path that is served, and no other', () => {
    const served = routes(usd).map(
      ({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`,
    );
    const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
    const described = Object.entries(openApiDocument(usd).paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((key) => methods.includes(key))
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(described.sort(), served.sort());
  });

  it('has patterns that any reader of JSON Schema can compile, and no character that does not show', () => {
    const patterns = new Set<string>();
    for (const code of ['JPY', 'USD', 'KWD']) {
      JSON.stringify(openApiDocument(currency(code)), (name, value: unknown) => {
        if (name === 'pattern') patterns.add(String(value));
        if (typeof value === 'string') {
          assert.doesNotMatch(value.replaceAll('\n', ''), /[^\P{C}]|[\p{Zl}\p{Zp}]/u, name);
        }
        return value;
      });
    }
    assert.ok(patterns.size >= 4, [...patterns].join());
    for (const pattern of patterns) {
      // What is not ASCII is read by code units without flags, and by characters elsewhere.
      assert.match(pattern, /^[\x20-\x7e]+$/);
      for (const flags of ['', 'u', 'v']) new RegExp(pattern, flags);
      // RE2 has neither lookaround nor references; \\u and \\p are read differently by each reader.
      assert.doesNotMatch(pattern, /\(\?[^:]|\\[upPkcbB1-9]/);
    }
  });

  it('has the version of the package', () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    assert.equal(openApiDocument(usd).info.version, version);
  });

  it('names every operation once, and every link leads to one', () => {
    const text = JSON.stringify(openApiDocument(usd).paths);
    const operations = Object.values(openApiDocument(usd).paths).flatMap((item) =>
      Object.values(item).flatMap((operation) =>
        'responses' in (operation as object) ? [operation as { operationId: string }] : [],
      ),
    );
    const ids = operations.map(({ operationId }) => operationId);
    assert.equal(new Set(ids).size, ids.length);
    for (const [, id] of text.matchAll(/"operationId":"(\w+)"/g)) assert.ok(ids.includes(id ?? ''));
  });

  it('has an example of every body, which its schema takes', () => {
    const bodies = new Map<string, z.ZodObject>();
    for (const { operation } of routes(usd)) {
      for (const part of [operation?.requestBody, ...Object.values(operation?.responses ?? {})]) {
        const schema = part?.content?.['application/json']?.schema;
        if (schema instanceof z.ZodObject) bodies.set(String(schema.meta()?.id), schema);
      }
    }
    const { PlaceOrder, ...others } = Object.fromEntries(bodies);
    assert.ok(PlaceOrder);
    assert.ok(Object.keys(others).length >= 6);
    // Its numbers are read as they are written.
    const placed = orderRequestReader(usd)(parseJson(JSON.stringify(exampleOf(PlaceOrder))));
    assert.equal(placed.amount, 2_400);
    for (const schema of Object.values(others)) schema.strict().parse(exampleOf(schema));
  });

  it('describes problem documents as they are made', () => {
    const problems = [{ field: 'body', message: 'must be an object' }];
    const error = new CodedError('invalid', 'invalid_order', 'It cannot be.', { problems });
    const trace = '0af7651916cd43dd8448eb211c80319c';
    problemSchema.strict().parse(problemDocument(error, trace, PROBLEM_TYPES));
    const ours = new CodedError('internal', 'internal', '');
    problemSchema.strict().parse(problemDocument(ours, '', PROBLEM_TYPES));
  });
});
