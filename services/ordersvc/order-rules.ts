/**
 * The rules of ordersvc's endpoints, made from the table in shared/contracts/rights. An
 * endpoint without one does not compile. What is somebody else's is answered like what does
 * not exist; what a caller may never do is refused.
 */
import type { HttpOperation } from '../../shared/contracts/rights/http-rights.ts';
import type { Endpoint } from '../../shared/kit/endpoint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { Rule } from '../../shared/kit/middleware/authorize.ts';
import type { Principal } from '../../shared/kit/principal.ts';
import { ERASED } from '../../shared/personal-data/personal-data.ts';
import { noSuchOrder } from './no-such-order.ts';
import type { OrderRequest } from './order-request.ts';
import { eventsFor } from './rights/event-fields.ts';
import type { PartiesOf } from './rights/parties.ts';
import { peopleOf, type Scope, scopeOf } from './rights/person.ts';
import type { OrderService } from './service.ts';
import type { OrderListQuery } from './views/order-list.ts';

/** The operation that each endpoint serves. */
const operations = {
  place: 'placeOrder',
  placed: 'placeOrder',
  get: 'getOrder',
  list: 'listOrders',
  history: 'getOrderEvents',
  cancel: 'cancelOrder',
  approve: 'approveOrder',
  reject: 'rejectOrder',
} as const satisfies Readonly<Record<keyof OrderService, HttpOperation>>;

type RuleFor<Method> =
  Method extends Endpoint<infer Request, infer Response> ? Rule<Request, Response> : never;

/** A rule for each endpoint. */
export type OrderRules = { readonly [Method in keyof OrderService]: RuleFor<OrderService[Method]> };

export function orderRules(partiesOf: PartiesOf): OrderRules {
  const rule = <Request, Response>(
    method: keyof OrderService,
    admit: (scope: Scope, request: Request, ...more: AdmitRest) => Request | Promise<Request>,
  ): Rule<Request, Response> => ({
    admit: (principal, request, ctx) => {
      const scope = scopeOf(principal, operations[method]);
      if (scope.any) return request;
      if (scope.customerId === undefined && scope.restaurantId === undefined) throw notAllowed();
      return admit(scope, request, ctx);
    },
    actor: (principal) => {
      const { any } = scopeOf(principal, operations[method]);
      return any ? actorName(principal) : undefined;
    },
  });

  /** For an operation on one order: it must be the caller's. */
  const ofOwn = <Request extends { readonly orderId: string }, Response>(
    method: keyof OrderService,
  ) =>
    rule<Request, Response>(method, async ({ customerId, restaurantId }, request, ctx) => {
      const parties = await partiesOf(ctx, request.orderId);
      // Erased customers have one word for a name, which is nobody's.
      const asCustomer = parties.customerId === customerId && customerId !== ERASED;
      const theirs = asCustomer || parties.restaurantId === restaurantId;
      if (!theirs) throw noSuchOrder(request.orderId);
      return request;
    });

  const placing = <Response>(method: 'place' | 'placed') =>
    rule<OrderRequest, Response>(method, ({ customerId }, request) => {
      if (request.customerId === customerId) return request;
      const message =
        'You may order only for yourself: customer_id must be the subject of your token.';
      throw new CodedError('forbidden', 'not_allowed', message);
    });

  return {
    place: placing('place'),
    placed: placing('placed'),
    get: ofOwn('get'),
    list: rule('list', listed),
    history: {
      ...ofOwn('history'),
      show: (principal, events) => eventsFor(peopleOf(principal), events),
    },
    cancel: ofOwn('cancel'),
    approve: ofOwn('approve'),
    reject: ofOwn('reject'),
  };
}

type AdmitRest = [ctx: Parameters<PartiesOf>[0]];

/**
 * The caller's own among the orders asked for. A list that names somebody else is refused:
 * it would be empty, which says less. Who is both customer and restaurant names one of them.
 */
function listed({ customerId, restaurantId }: Scope, query: OrderListQuery): OrderListQuery {
  if (customerId !== undefined && query.customerId === customerId) return query;
  if (restaurantId !== undefined && query.restaurantId === restaurantId) return query;
  const asked = query.customerId ?? query.restaurantId;
  if (customerId !== undefined && restaurantId === undefined && query.customerId === undefined) {
    return { ...query, customerId };
  }
  if (restaurantId !== undefined && customerId === undefined && query.restaurantId === undefined) {
    return { ...query, restaurantId };
  }
  const message =
    asked === undefined
      ? 'Say whose orders: give customer_id or restaurant_id.'
      : 'You may list only your own orders.';
  throw new CodedError('forbidden', 'not_allowed', message);
}

/** As an event's metadata may hold it: a few visible ASCII characters. */
const actorName = ({ subject = '' }: Principal): string =>
  `operator ${encodeURIComponent(subject.toWellFormed())}`.slice(0, 500);

const notAllowed = () =>
  new CodedError('forbidden', 'not_allowed', 'Your token does not allow this.');
