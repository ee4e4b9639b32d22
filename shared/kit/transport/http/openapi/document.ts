/**
 * The paths and components of an OpenAPI 3.1 document, made from the served routes. What
 * has a name appears once, among the components: a zod schema by its `.meta({ id })`, a
 * parameter or an answer by the given tables.
 */
import { z } from 'zod';
import type { Route } from '../route.ts';
import type { Answer, Operation, Parameter } from './operation.ts';
import { refusedAlways, unreadableBody } from './refusals.ts';

type Json = Readonly<Record<string, unknown>>;

/** What operations refer to by name: the same objects that they hold. */
export interface NamedParts {
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly responses: Readonly<Record<string, Answer>>;
}

/** What a document says of `routes`. A route without an operation is left out. */
export function describedRoutes(routes: readonly Route[], named: NamedParts) {
  const { told, inside, schemas } = telling(named);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, path, query, operation, open } of routes) {
    if (operation === undefined) continue;
    const of = (place: Parameter['in']) =>
      (operation.parameters ?? []).filter((parameter) => parameter.in === place);
    const address = path.replace(/:(\w+)/g, '{$1}');
    paths[address] ??= of('path').length > 0 ? { parameters: told(of('path')) } : {};
    paths[address][method.toLowerCase()] = told({
      ...described(operation, [...query, ...of('header')]),
      ...(open && { security: [] }),
    });
  }
  const parts = (of: object) =>
    Object.fromEntries(Object.entries(of).map(([name, part]) => [name, inside(part)]));
  const components = { parameters: parts(named.parameters), responses: parts(named.responses) };
  return { paths, components: { schemas: componentSchemas(schemas), ...components } };
}

/** An operation in the order in which people read it, with the answers that every route can give. */
function described(operation: Operation, parameters: readonly Parameter[]) {
  const { operationId, summary, description, tags, requestBody, responses } = operation;
  return {
    operationId,
    summary,
    description,
    tags,
    ...(parameters.length > 0 && { parameters }),
    ...(requestBody && { requestBody }),
    responses: { ...refusedAlways, ...(requestBody && unreadableBody), ...responses },
  };
}

/** Turns what routes describe into JSON, and gathers the schemas that they refer to. */
function telling(named: NamedParts) {
  const schemas = new Map<string, z.core.$ZodType>();
  const refs = new Map<unknown, string>();
  for (const [kind, parts] of Object.entries(named)) {
    for (const [name, part] of Object.entries(parts)) refs.set(part, `${kind}/${name}`);
  }
  const refer = (to: string) => ({ $ref: `#/components/${to}` });

  const inside = (value: object): unknown =>
    Array.isArray(value)
      ? value.map(told)
      : Object.fromEntries(Object.entries(value).map(([name, part]) => [name, told(part)]));

  function told(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const ref = refs.get(value);
    if (ref !== undefined) return refer(ref);
    if (!(value instanceof z.ZodType)) return inside(value);
    const id = value.meta()?.id;
    if (id === undefined) return schemaOf(value);
    gather(id, value);
    return refer(`schemas/${id}`);
  }

  /** Includes the named schemas that it refers to. */
  function gather(id: string, schema: z.core.$ZodType): void {
    const known = schemas.get(id);
    if (known === schema) return;
    if (known !== undefined) throw new Error(`Two schemas have the name ${id}.`);
    schemas.set(id, schema);
    z.toJSONSchema(schema, {
      ...asRead,
      override: ({ zodSchema }) => {
        const name = z.globalRegistry.get(zodSchema)?.id;
        if (name !== undefined) gather(name, zodSchema);
      },
    });
  }
  return { told, inside, schemas };
}

/**
 * Input schemas, also for answers: fields that are not named are allowed, so that adding
 * one breaks no client that validates.
 */
const asRead = { io: 'input', unrepresentable: 'any' } as const;

/** A value without a name, such as a parameter's. Throws if it contains others with names. */
function schemaOf(schema: z.ZodType): Json {
  const { $schema: _, $defs, ...rest } = z.toJSONSchema(schema, asRead);
  if ($defs !== undefined) throw new Error(`What is made of ${Object.keys($defs)} needs a name.`);
  return rest;
}

function componentSchemas(schemas: ReadonlyMap<string, z.core.$ZodType>): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of schemas) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, {
    ...asRead,
    uri: (id) => `#/components/schemas/${id}`,
  });
  return Object.fromEntries(
    // The document gives location and dialect; the example is beside each use.
    Object.entries(made.schemas).map(([name, { $id, $schema, id, example, ...schema }]) => [
      name,
      schema,
    ]),
  );
}
