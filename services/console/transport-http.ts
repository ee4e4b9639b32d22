/**
 * The endpoints over HTTP, as the page asks them. Callers show who they are as they do to
 * ordersvc, and orders are asked for in their name. What goes over the wire is in
 * shared/contracts/console.ts.
 */
import { type Route, route } from '../../shared/kit/transport/http/route.ts';
import type { ConsoleEndpoints } from './endpoints.ts';
import {
  callerOf,
  deadlineLimit,
  deadlineParameters,
  letterName,
  letterParameters,
  letterQuery,
  listParameters,
  listQuery,
  readCancelReason,
  readClose,
  readRejectReason,
  readReplay,
} from './http/console-queries.ts';
import type { LiveReaders } from './live/live-readers.ts';
import { seesAll } from './orders/asker.ts';

const ORDER = '/api/orders/:id';
const LETTERS = '/api/letters';
const AUDITS = '/api/audits';
const nothing = (): Record<string, never> => ({});
const shown = (body: unknown) => ({ status: 200, body });
const begun = (body: unknown) => ({ status: 202, body });

/** The routes of the API for `endpoints`; `readers` get the feed. */
export function consoleRoutes(endpoints: ConsoleEndpoints, readers: LiveReaders): readonly Route[] {
  const { session, orders, order, cancel, approve, reject, live } = endpoints;
  const { letters, letter, replay, close, deadlines, startAudit, audit, repairAudit } = endpoints;
  return [
    route({
      method: 'GET',
      path: '/api/session',
      decode: nothing,
      endpoint: session,
      encode: shown,
    }),
    route({
      method: 'GET',
      path: '/api/orders',
      query: listParameters,
      decode: (http) => ({ caller: callerOf(http), query: listQuery(http) }),
      endpoint: orders,
      encode: shown,
    }),
    route({
      method: 'GET',
      path: ORDER,
      decode: (http) => ({ caller: callerOf(http), orderId: http.params.id ?? '', sees: seesAll }),
      endpoint: order,
      encode: shown,
    }),
    ...(
      [
        ['cancel', cancel, readCancelReason],
        ['approve', approve, () => undefined],
        ['reject', reject, readRejectReason],
      ] as const
    ).map(([name, endpoint, reasonOf]) =>
      route({
        method: 'POST',
        path: `${ORDER}/${name}`,
        decode: (http) => ({
          caller: callerOf(http),
          orderId: http.params.id ?? '',
          reason: reasonOf(http),
        }),
        endpoint,
        encode: shown,
      }),
    ),
    route({
      method: 'GET',
      path: '/api/live',
      decode: () => ({ sees: seesAll }),
      endpoint: live,
      encode: ({ hello, ...asks }) => ({ status: 200, body: readers.feed(asks, hello) }),
    }),
    route({
      method: 'GET',
      path: LETTERS,
      query: letterParameters,
      decode: letterQuery,
      endpoint: letters,
      encode: shown,
    }),
    route({
      method: 'GET',
      path: `${LETTERS}/:consumer/:position`,
      decode: letterName,
      endpoint: letter,
      encode: shown,
    }),
    route({
      method: 'POST',
      path: `${LETTERS}/replay`,
      decode: readReplay,
      endpoint: replay,
      encode: shown,
    }),
    route({
      method: 'POST',
      path: `${LETTERS}/close`,
      decode: readClose,
      endpoint: close,
      encode: shown,
    }),
    route({
      method: 'GET',
      path: '/api/deadlines',
      query: deadlineParameters,
      decode: (http) => ({ limit: deadlineLimit(http) }),
      endpoint: deadlines,
      encode: shown,
    }),
    route({ method: 'POST', path: AUDITS, decode: nothing, endpoint: startAudit, encode: begun }),
    route({
      method: 'GET',
      path: `${AUDITS}/latest`,
      decode: nothing,
      endpoint: audit,
      encode: shown,
    }),
    route({
      method: 'POST',
      path: `${AUDITS}/latest/repair`,
      decode: nothing,
      endpoint: repairAudit,
      encode: begun,
    }),
  ];
}
