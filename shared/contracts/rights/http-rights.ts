/**
 * Who may do what over HTTP. Pure data, by the `operationId` of the OpenAPI document: the
 * rules of ordersvc, the tests' matrix and docs/security.md are made from it.
 */

/** What people can be: the values of a token's roles. */
export const people = ['customer', 'restaurant', 'operator'] as const;
export type Person = (typeof people)[number];

/** Which orders: `own` are the customer's, or those of the restaurant. */
export type Reach = 'none' | 'own' | 'any';

/** What an operation allows: `anybody` needs no token. */
export type HttpRight = 'anybody' | Readonly<Record<Person, Reach>>;

const reading = { customer: 'own', restaurant: 'own', operator: 'any' } as const;
const asCustomer = { customer: 'own', restaurant: 'none', operator: 'any' } as const;
const asRestaurant = { customer: 'none', restaurant: 'own', operator: 'any' } as const;

export const httpRights = {
  getOpenApi: 'anybody',
  placeOrder: asCustomer,
  getOrder: reading,
  listOrders: reading,
  getOrderEvents: reading,
  cancelOrder: asCustomer,
  approveOrder: asRestaurant,
  rejectOrder: asRestaurant,
} as const satisfies Readonly<Record<string, HttpRight>>;

export type HttpOperation = keyof typeof httpRights;

const asOperator = { customer: 'none', restaurant: 'none', operator: 'any' } as const;

/**
 * The same for the console. What it asks ordersvc for, ordersvc judges again by the caller's
 * token.
 */
export const consoleRights = {
  session: reading,
  orders: reading,
  order: reading,
  live: reading,
  cancel: asCustomer,
  approve: asRestaurant,
  reject: asRestaurant,
  letters: asOperator,
  letter: asOperator,
  replay: asOperator,
  close: asOperator,
  deadlines: asOperator,
  startAudit: asOperator,
  audit: asOperator,
  repairAudit: asOperator,
} as const satisfies Readonly<Record<string, HttpRight>>;

export type ConsoleOperation = keyof typeof consoleRights;

/** The claim of a token that names the restaurant; without it, the subject does. */
export const RESTAURANT_CLAIM = 'restaurant_id';

/** What a person sees of an order's events; `all` as the log has them. */
export type EventFields =
  | 'all'
  | {
      /** The metadata that is shown. */
      readonly metadata: readonly string[];
      /** Fields of the payload that are left out. */
      readonly without: readonly string[];
    };

/**
 * Customers see what happened to their order and their payment, but not which operator acted
 * for them. Restaurants do not see payments' ids. Neither sees our traces.
 */
export const eventFields = {
  customer: { metadata: ['correlation_id', 'causation_id'], without: [] },
  restaurant: { metadata: ['correlation_id', 'causation_id'], without: ['payment_id'] },
  operator: 'all',
} as const satisfies Readonly<Record<Person, EventFields>>;
