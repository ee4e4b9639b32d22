/** Bodies and answers as an operation describes them. Pure. */
import { z } from 'zod';
import type { Answer, Content, Header } from './operation.ts';

/** The example in a schema's `.meta({ example })`; undefined without one. */
export const exampleOf = (schema: z.ZodType): unknown => schema.meta()?.example;

/** A JSON body with the example of its schema. */
export function json(schema: z.ZodType): Content {
  const example = exampleOf(schema);
  return { 'application/json': { schema, ...(example !== undefined && { example }) } };
}

/** Headers of every answer. */
const always: Readonly<Record<string, Header>> = {
  'x-trace-id': {
    description: "The request's trace id in Zipkin.",
    required: true,
    schema: { type: 'string', pattern: '^[0-9a-f]{32}$' },
  },
};

/** One of our answers; without content it has no body. */
export const answer = ({ description, headers, content, links }: Answer): Answer => ({
  description,
  headers: { ...always, ...headers },
  ...(content && { content }),
  ...(links && { links }),
});

/** Every refusal and failure: a problem document as RFC 9457 has it. */
export const problemSchema = z
  .object({
    type: z.string().meta({
      format: 'uri',
      description: 'Identifies the kind of problem, from its code; it is not an address.',
    }),
    title: z.string().describe('The name of the status.'),
    status: z.number().int(),
    detail: z.string().describe('What is wrong and what to do, for people.'),
    code: z.string().describe('What is wrong, for programs. It never changes.'),
    problems: z
      .array(
        z.object({
          field: z.string().describe('The path of the field, such as `items[0].quantity`.'),
          message: z.string(),
        }),
      )
      .optional()
      .describe('Everything that is wrong with the request, if the request is at fault.'),
    trace_id: z.string().optional().describe('The same as `x-trace-id`: give it to the operator.'),
  })
  .meta({ id: 'Problem' });

interface ProblemOptions {
  readonly description: string;
  /** All codes that it can have; without this, other codes may occur than those described. */
  readonly codes?: readonly string[];
  readonly headers?: Readonly<Record<string, Header>>;
}

/** Answers with `status` and a problem document, of one of `codes`. */
export function problem(status: number, { description, codes, headers }: ProblemOptions): Answer {
  const narrowed = {
    properties: { status: { const: status }, ...(codes && { code: { enum: codes } }) },
  };
  return answer({
    description: codes ? `${description} Code: ${codes.join(', ')}.` : description,
    ...(headers && { headers }),
    content: {
      'application/problem+json': { schema: { allOf: [problemSchema, narrowed] } },
    },
  });
}
