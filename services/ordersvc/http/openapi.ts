/**
 * What ordersvc serves over HTTP, as an OpenAPI 3.1 document: the schemas are
 * those that read and write, the rest is said here. docs/openapi.json is this
 * document with money in US dollars.
 */

import { formats } from '../../../shared/contracts/texts.ts';
import type { Currency } from '../../../shared/domain/currency.ts';
import { version } from '../../../shared/kit/process/version.ts';
import { type Route, route } from '../../../shared/kit/transport/http/http-server.ts';
import { parameters } from './openapi-headers.ts';
import { paths } from './openapi-operations.ts';
import { commonProblems } from './openapi-problems.ts';
import { componentSchemas } from './openapi-schemas.ts';

/** The document for money in `currency`. Pure. */
export function openApiDocument(currency: Currency) {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Orders',
      version,
      summary: 'Orders for restaurants.',
      description: [
        'Errors are problem documents (RFC 9457); their `code` is for programs and does not change. A path that is not here is 404 (code not_found), another method is 405 with `Allow` (code method_not_allowed), a method that HTTP does not know is 501 (code method_not_implemented).',
        'There is no authentication: the service listens on loopback unless it is told otherwise.',
        'HEAD is answered where GET is. Every answer carries `x-trace-id`, `x-content-type-options: nosniff` and a `content-security-policy` that allows nothing; what does not say otherwise by `cache-control` is `no-store`.',
        `Money is a decimal in major units of one currency, ${currency.code}, with at most ${currency.decimals} decimals.`,
        `Formats of texts, beyond their patterns: ${Object.entries(formats)
          .map(([name, words]) => `\`${name}\` is ${words}`)
          .join('; ')}.`,
      ].join('\n\n'),
      contact: { name: 'The operator of this service' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    // No operation asks who the caller is; said, so that it is not taken for forgotten.
    security: [],
    servers: [{ url: '/', description: 'Where this document came from.' }],
    tags: [
      { name: 'customers', description: 'What customers ask.' },
      { name: 'restaurants', description: 'What restaurants ask.' },
      { name: 'about', description: 'What is asked about all this.' },
    ],
    paths,
    components: {
      schemas: componentSchemas(currency),
      parameters,
      responses: commonProblems,
    },
  };
}

/** `GET /openapi.json`. */
export function openApiRoute(currency: Currency): Route {
  const body = openApiDocument(currency);
  return route({
    method: 'GET',
    path: '/openapi.json',
    decode: () => undefined,
    endpoint: async () => body,
    // It is the same for everybody, until there is another version of this service.
    encode: () => ({ status: 200, headers: { 'cache-control': 'no-cache' }, body }),
  });
}
