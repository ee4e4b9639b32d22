/**
 * The rules of the console's endpoints, made from the table in shared/contracts/rights. An
 * endpoint without one does not compile. Whose an order is, ordersvc judges.
 */
import {
  type ConsoleOperation,
  consoleRights,
  people,
  RESTAURANT_CLAIM,
  type Reach,
} from '../../shared/contracts/rights/http-rights.ts';
import type { Endpoint } from '../../shared/kit/endpoint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { Rule } from '../../shared/kit/middleware/authorize.ts';
import type { Principal } from '../../shared/kit/principal.ts';
import type { Sees } from './orders/asker.ts';
import type { ConsoleService } from './service.ts';

type RuleFor<Method> =
  Method extends Endpoint<infer Request, infer Response> ? Rule<Request, Response> : never;

/** A rule for each endpoint. */
export type ConsoleRules = {
  readonly [Method in keyof ConsoleService]: RuleFor<ConsoleService[Method]>;
};

/** Lets in who may do the operation at all. */
const ofRight = <Request, Response>(operation: ConsoleOperation): Rule<Request, Response> => ({
  admit: (principal, request) => {
    admitted(principal, operation);
    return request;
  },
});

/** The same, with what of the orders the caller sees. */
const ofSight = <Request extends { readonly sees: Sees }, Response>(
  operation: ConsoleOperation,
): Rule<Request, Response> => ({
  admit: (principal, request) => ({ ...request, sees: admitted(principal, operation) }),
});

export const consoleRules: ConsoleRules = {
  session: ofRight('session'),
  orders: ofRight('orders'),
  order: ofSight('order'),
  cancel: ofRight('cancel'),
  approve: ofRight('approve'),
  reject: ofRight('reject'),
  live: ofSight('live'),
  letters: ofRight('letters'),
  letter: ofRight('letter'),
  replay: ofRight('replay'),
  close: ofRight('close'),
  deadlines: ofRight('deadlines'),
  startAudit: ofRight('startAudit'),
  audit: ofRight('audit'),
  repairAudit: ofRight('repairAudit'),
};

/** What `principal` sees by an operation. Throws CodedError `forbidden` (code `not_allowed`) if it may not do it. */
function admitted(principal: Principal, operation: ConsoleOperation): Sees {
  const right: Readonly<Record<(typeof people)[number], Reach>> = consoleRights[operation];
  const are = people.filter((person) => principal.roles.includes(person));
  const any = are.some((person) => right[person] === 'any');
  const own = (person: 'customer' | 'restaurant') =>
    are.includes(person) && right[person] === 'own';
  if (!any && !own('customer') && !own('restaurant')) {
    throw new CodedError('forbidden', 'not_allowed', 'Your token does not allow this.');
  }
  const claimed = principal.claims[RESTAURANT_CLAIM];
  return {
    any,
    customerId: own('customer') ? principal.subject : undefined,
    restaurantId: own('restaurant')
      ? typeof claimed === 'string'
        ? claimed
        : principal.subject
      : undefined,
  };
}
