/**
 * How a route describes itself, in the terms of OpenAPI 3.1. A zod schema may be used
 * wherever a JSON Schema may: document.ts converts it.
 */
import type { z } from 'zod';

/** JSON Schema, draft 2020-12, or the zod schema that it is made from. */
export type Schema = z.ZodType | Readonly<Record<string, unknown>>;

export interface Header {
  readonly description?: string;
  readonly required?: boolean;
  readonly schema: Schema;
  readonly example?: unknown;
}

export interface Parameter extends Header {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
}

/** Bodies, by media type. */
export type Content = Readonly<
  Record<string, { readonly schema: Schema; readonly example?: unknown }>
>;

/** A possible next request, made with values of this answer. */
export interface Link {
  readonly operationId: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly requestBody?: unknown;
}

export interface Answer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Header>>;
  readonly content?: Content;
  readonly links?: Readonly<Record<string, Link>>;
}

/** One operation. The route gives its method, path and query parameters. */
export interface Operation {
  /** Clients name their functions after it: it is frozen. */
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** Parameters of path and headers. */
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  /** By status. The answers that every route can give are added. */
  readonly responses: Readonly<Record<number, Answer>>;
}
