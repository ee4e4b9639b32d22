/** Who asks the console, as it asks others in their name. */
export interface Caller {
  /** The header `authorization`, passed on as it came; undefined for people of this machine. */
  readonly authorization: string | undefined;
}

/** Which orders a caller sees. */
export interface Sees {
  /** Every order. */
  readonly any: boolean;
  /** Those of this customer. */
  readonly customerId: string | undefined;
  /** Those of this restaurant. */
  readonly restaurantId: string | undefined;
}

/** What people of this machine see. */
export const seesAll: Sees = { any: true, customerId: undefined, restaurantId: undefined };
