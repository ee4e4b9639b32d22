/** The schemas of the OpenAPI document, made from the zod schemas that read and write. Pure. */
import { z } from 'zod';
import {
  cancelOrderBody,
  orderAnswer,
  orderEventsAnswer,
  orderListAnswer,
  placedAnswer,
  placeOrderBody,
  problemAnswer,
  rejectOrderBody,
} from '../../../shared/contracts/http.ts';
import type { Currency } from '../../../shared/domain/currency.ts';

/** JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A reference to one of `componentSchemas`. */
export const schemaRef = (name: ReturnType<typeof named>[number][0]): JsonSchema => ({
  $ref: `#/components/schemas/${name}`,
});

/** What each is called in the document: clients make types of the names, so they are frozen. */
function named(currency: Currency) {
  // Only the form is asked for: nothing is read with this schema.
  const placeOrder = placeOrderBody({ currency, numberText: () => undefined });
  return [
    ['PlaceOrder', placeOrder],
    ['CancelOrder', cancelOrderBody],
    ['RejectOrder', rejectOrderBody],
    ['PlacedOrder', placedAnswer],
    ['Order', orderAnswer],
    ['OrderList', orderListAnswer],
    ['OrderEvents', orderEventsAnswer],
    ['Problem', problemAnswer],
  ] as const;
}

/**
 * The bodies and answers by name, money in `currency`.
 * As what goes in, also for answers: fields that are not named are allowed, so
 * that adding one breaks no client that checks.
 */
export function componentSchemas(currency: Currency): Readonly<Record<string, JsonSchema>> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of named(currency)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io: 'input',
    unrepresentable: 'any',
    uri: (id) => `#/components/schemas/${id}`,
  });
  return Object.fromEntries(
    // Where it stands and its dialect are the document's to say.
    Object.entries(schemas).map(([name, { $id: _, $schema: __, ...schema }]) => [name, schema]),
  );
}

/** One value, such as a parameter, as a schema of its own. */
export function schemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'input' });
  return json;
}
