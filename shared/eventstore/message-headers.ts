/** The headers of an event's message, as the relay publishes it: see message.ts, which writes them. */
import { z } from 'zod';

/** CloudEvents 1.0 in binary mode: each attribute is a header, `ce-` and its name. */
export const messageHeaders = z.object({
  'Nats-Msg-Id': z.string().describe("The event's id, by which JetStream detects duplicates."),
  'ce-specversion': z.literal('1.0'),
  'ce-id': z.string().describe("The event's id. Together with `ce-source` it is unique for ever."),
  'ce-type': z.string().describe("The event's type, which is also the subject."),
  'ce-source': z
    .string()
    .regex(/^\/eventstore\/.+$/)
    .describe('`/eventstore/` and the name of the stream.'),
  'ce-subject': z.string().describe("The aggregate's id. UTF-8, unchanged."),
  'ce-time': z
    .string()
    .meta({ format: 'date-time' })
    .describe("When the event was appended, by the log's clock."),
  'ce-datacontenttype': z
    .literal('application/json')
    .optional()
    .describe('Absent if there is no payload.'),
  'ce-aggregatetype': z.string().describe("The aggregate's type."),
  'ce-version': z
    .string()
    .regex(/^[1-9][0-9]*$/)
    .describe("The event's number within the aggregate."),
  'ce-position': z
    .string()
    .regex(/^[1-9][0-9]*$/)
    .describe("The event's number in the log, and the message's sequence in the stream."),
  'ce-correlationid': z
    .string()
    .optional()
    .describe('Shared by all events that one request caused.'),
  'ce-causationid': z.string().optional().describe('The id of the event that this one answers.'),
  'ce-actor': z.string().optional().describe("Who did it in another's name."),
  'ce-storedtraceparent': z
    .string()
    .optional()
    .describe('The trace context that the event was appended with.'),
  traceparent: z
    .string()
    .optional()
    .describe('W3C Trace Context of the publication, a child of `ce-storedtraceparent`.'),
  tracestate: z.string().optional().describe('W3C Trace Context.'),
});
