import {
  type HttpOperation,
  httpRights,
  type Person,
  people,
  RESTAURANT_CLAIM,
} from '../../../shared/contracts/rights/http-rights.ts';
import type { Principal } from '../../../shared/kit/principal.ts';

/** Which orders a caller reaches by an operation. */
export interface Scope {
  /** Every order. */
  readonly any: boolean;
  /** Those of this customer. */
  readonly customerId: string | undefined;
  /** Those of this restaurant. */
  readonly restaurantId: string | undefined;
}

/** What people a principal is; roles that are not known here count for nothing. */
export const peopleOf = ({ roles }: Principal): readonly Person[] =>
  people.filter((person) => roles.includes(person));

/** What a principal reaches by an operation, by all that they are. Pure. */
export function scopeOf(principal: Principal, operation: HttpOperation): Scope {
  const right: (typeof httpRights)[HttpOperation] = httpRights[operation];
  const reach = (person: Person) =>
    right === 'anybody' ? 'any' : peopleOf(principal).includes(person) ? right[person] : 'none';
  const claimed = principal.claims[RESTAURANT_CLAIM];
  const restaurantId = typeof claimed === 'string' ? claimed : principal.subject;
  return {
    any: people.some((person) => reach(person) === 'any'),
    customerId: reach('customer') === 'own' ? principal.subject : undefined,
    restaurantId: reach('restaurant') === 'own' ? restaurantId : undefined,
  };
}
