/**
 * How a route tells what it does, in the words of OpenAPI 3.1. Wherever a JSON
 * Schema may stand, a zod schema may: document.ts makes one of the other.
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

/** What can be asked next, with what this answer tells. */
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

/** One operation. Its method, its path and the parameters of its query are the route's. */
export interface Operation {
  /** Clients call their functions so: it is frozen. */
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** Of path and headers. */
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  /** By status. What every route can answer is added to them. */
  readonly responses: Readonly<Record<number, Answer>>;
}
