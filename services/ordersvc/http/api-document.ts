/**
 * The OpenAPI 3.1 document of the HTTP API: each route describes itself, and this file
 * adds what they share. docs/openapi.json is this document with money in US dollars.
 */
import { formats } from '../../../shared/contracts/texts.ts';
import { version } from '../../../shared/kit/process/version.ts';
import { answer } from '../../../shared/kit/transport/http/openapi/bodies.ts';
import { describedRoutes } from '../../../shared/kit/transport/http/openapi/document.ts';
import { kitRefusals } from '../../../shared/kit/transport/http/openapi/refusals.ts';
import { type Route, route } from '../../../shared/kit/transport/http/route.ts';
import type { Currency } from '../../../shared/money/currency.ts';
import { orderRefusals, traceparent } from './operation-parts.ts';
import { ifMatch, ifNoneMatch, minVersion, orderId } from './order-address.ts';
import { idempotencyKey } from './order-body.ts';

/** The document for `routes`, with money in `currency`. Pure. */
export function apiDocument(routes: readonly Route[], currency: Currency) {
  const { paths, components } = describedRoutes(routes, {
    parameters: { orderId, traceparent, ifMatch, ifNoneMatch, minVersion, idempotencyKey },
    responses: { ...kitRefusals, ...orderRefusals },
  });
  return {
    openapi: '3.1.1',
    info: {
      title: 'Orders',
      version,
      summary: 'Orders for restaurants.',
      description: [
        'Errors are problem documents (RFC 9457); their `code` is for programs and never changes. An unknown path is 404 (code not_found), a wrong method is 405 with `Allow` (code method_not_allowed), a method unknown to HTTP is 501 (code method_not_implemented).',
        'Callers show a token (RFC 9068, by the header Authorization: Bearer). Customers order for themselves, and see and cancel their own orders; restaurants see, approve and reject theirs; operators do all of it, also in the name of others. What is somebody else’s is answered like what does not exist. On loopback a request without a token is taken for a person of this machine, who may do everything; then Host must be localhost or a loopback address, and no web page of another origin may send it.',
        'HEAD works wherever GET does. Every answer has `x-trace-id`, `x-content-type-options: nosniff` and a `content-security-policy` that allows nothing; without another `cache-control` it is `no-store`.',
        `Money is a decimal in major units of one currency, ${currency.code}, with at most ${currency.decimals} decimals.`,
        `Text formats, beyond their patterns: ${Object.entries(formats)
          .map(([name, words]) => `\`${name}\` is ${words}`)
          .join('; ')}.`,
      ].join('\n\n'),
      contact: { name: 'The operator of this service' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    // A token, or on loopback nothing.
    security: [{ bearer: [] }, {}],
    servers: [{ url: '/', description: 'Where this document came from.' }],
    tags: [
      { name: 'customers', description: 'What customers ask.' },
      { name: 'restaurants', description: 'What restaurants ask.' },
      { name: 'about', description: 'What is asked about all this.' },
    ],
    paths,
    components: {
      ...components,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'Issued by who operates this service. `sub` is the customer; `roles` holds customer, restaurant or operator; a restaurant is named by `restaurant_id`, or else by `sub`.',
        },
      },
    },
  };
}

/** `routes` plus `GET /openapi.json`, which describes them and itself. */
export function withDocument(routes: readonly Route[], currency: Currency): readonly Route[] {
  const all = [
    ...routes,
    route({
      method: 'GET',
      path: '/openapi.json',
      open: true,
      decode: () => undefined,
      endpoint: async () => document,
      // The same for all callers, until the next version of this service.
      encode: (body) => ({ status: 200, headers: { 'cache-control': 'no-cache' }, body }),
      operation: {
        operationId: 'getOpenApi',
        summary: 'Get this document',
        description: "As OpenAPI 3.1, for this service's currency.",
        tags: ['about'],
        responses: {
          200: answer({
            description: 'This document.',
            content: { 'application/json': { schema: { type: 'object' } } },
          }),
        },
      },
    }),
  ];
  const document = apiDocument(all, currency);
  return all;
}
