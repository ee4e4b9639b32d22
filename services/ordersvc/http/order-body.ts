/**
 * Reads the request for an order from an HTTP body. Pure. It reports every problem at
 * once, so that a client can fix its request in one go.
 */
import type { z } from 'zod';
import {
  idempotencyKey as keySchema,
  MAX_ITEMS,
  MAX_KEY,
  placeOrderBody,
} from '../../../shared/contracts/http.ts';
import { total } from '../../../shared/domain/order.ts';
import { CodedError, type Problem } from '../../../shared/kit/errors.ts';
import { problemsOf } from '../../../shared/kit/problems-of.ts';
import { NumberAsWritten } from '../../../shared/kit/transport/http/json.ts';
import type { Parameter } from '../../../shared/kit/transport/http/openapi/operation.ts';
import type { Currency } from '../../../shared/money/currency.ts';
import { minor } from '../../../shared/money/money.ts';
import type { OrderRequest } from '../order-request.ts';

export const idempotencyKey: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description: `1 to ${MAX_KEY} printable characters of the client's choice, not all blank. Requests of one customer with the same key are one order: a repeat gets the first answer again.`,
  schema: keySchema,
  example: 'a6b1f7b0-basket-17',
};

/**
 * Reads a parsed body and the `Idempotency-Key` header. Throws CodedError
 * `invalid` (code `invalid_order`) with every problem and its field's path.
 */
export type ReadOrderRequest = (
  body: unknown,
  /** The header's values, one for each time it was sent. */
  idempotencyKeys?: readonly string[],
) => OrderRequest;

/** A reader for orders in `currency`; make it once, because it compiles a schema. */
export function orderRequestReader(currency: Currency): ReadOrderRequest {
  const schema = placeOrderBody({ currency, numberText });
  return (body, idempotencyKeys = []) => {
    const [key] = idempotencyKeys;
    const read = schema.safeParse(withoutSurplus(body));
    const keyProblem = problemWithKey(idempotencyKeys);
    if (!read.success || keyProblem !== undefined) {
      const problems = read.success ? [] : bodyProblems(read.error.issues, body);
      if (keyProblem !== undefined) problems.push(keyProblem);
      throw new CodedError('invalid', 'invalid_order', 'The order is not valid.', {
        problems,
      });
    }
    const { customer_id, restaurant_id, order_items } = read.data;
    return {
      customerId: customer_id,
      restaurantId: restaurant_id,
      items: order_items,
      amount: minor(total(order_items)),
      idempotencyKey: key,
    };
  };
}

function numberText(value: unknown): string | undefined {
  return value instanceof NumberAsWritten ? value.text : undefined;
}

/** The schema checks every item before it counts them, so the list is cut to one item too many, which shows the problem too. */
function withoutSurplus(body: unknown): unknown {
  const items = (body as { order_items?: unknown } | null | undefined)?.order_items;
  if (!Array.isArray(items) || items.length <= MAX_ITEMS) return body;
  return { ...(body as object), order_items: items.slice(0, MAX_ITEMS + 1) };
}

/** Two keys are a problem: which one counts depends on who reads the headers, so they could place two orders. */
function problemWithKey(keys: readonly string[]): Problem | undefined {
  const field = idempotencyKey.name;
  if (keys.length > 1) return { field, message: 'must be sent once' };
  if (keys.every((key) => keySchema.safeParse(key).success)) return undefined;
  return { field, message: `must be 1 to ${MAX_KEY} printable characters, not all blank` };
}

function bodyProblems(issues: readonly z.core.$ZodIssue[], body: unknown): Problem[] {
  return problemsOf(
    issues.map(({ path, message }) => {
      const depth = numberOnPath(path, body);
      return depth === undefined
        ? { path, message }
        : { path: path.slice(0, depth), message: 'must be an object' };
    }),
  );
}

/** Depth on `path` of a NumberAsWritten, if there is one: to zod it is an object whose fields are missing. */
function numberOnPath(path: readonly PropertyKey[], body: unknown): number | undefined {
  let value = body;
  for (const [depth, key] of path.entries()) {
    if (value instanceof NumberAsWritten) return depth;
    value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  }
  return undefined;
}
