/**
 * The events for those who read them from JetStream: a JSON Schema of each
 * payload, and an AsyncAPI 3 document of stream, subjects and headers. Made from
 * the table of events, and committed: asyncapi.unit.spec.ts
 * compares them.
 */
import { z } from 'zod';
import { eventTypes, orderEvents } from '../shared/contracts/events.ts';
import { ORDERS_STREAM } from '../shared/contracts/subjects.ts';
import type { OrderEvent } from '../shared/domain/order.ts';
import { messageHeaders } from '../shared/eventstore/message-headers.ts';
import { version } from '../shared/kit/process/version.ts';
import { section } from './markdown.ts';

type Name = OrderEvent['type'];
type JsonSchema = Readonly<Record<string, unknown>>;

/** What docs/events.md says of an event: its first sentence, and its example. */
function told(page: string, name: Name): { readonly summary: string; readonly example: unknown } {
  const own = section(page, eventTypes[name]);
  const [, summary = ''] = /^\s*(.+?[.])(\s|$)/.exec(own) ?? [];
  const [, example = ''] = /```json\n(.*?)```/s.exec(own) ?? [];
  if (summary === '' || example === '')
    throw new Error(`docs/events.md tells too little of ${name}`);
  return { summary, example: JSON.parse(example) };
}

/** Draft 7 is what AsyncAPI reads, and nothing here needs a later one. */
function jsonSchema(schema: z.ZodType): JsonSchema {
  const options = { io: 'input', target: 'draft-7', unrepresentable: 'any' } as const;
  const { $schema: _, ...json } = z.toJSONSchema(schema, options);
  return json;
}

/**
 * The JSON Schema of each event's payload, by the event's type; `page` is
 * docs/events.md. Fields may be added: others are allowed.
 */
export function eventSchemas(page: string): Readonly<Record<string, JsonSchema>> {
  const events = orderEvents(2);
  return Object.fromEntries(
    names.map((name) => [
      eventTypes[name],
      {
        $schema: 'http://json-schema.org/draft-07/schema#',
        $id: `urn:orders:event:${eventTypes[name]}`,
        title: eventTypes[name],
        description: told(page, name).summary,
        ...jsonSchema(events[name].payload),
      },
    ]),
  );
}

const names = Object.keys(eventTypes) as Name[];

const ref = (path: string) => ({ $ref: `#/${path}` });

/** Stream, subjects, headers and payloads as AsyncAPI 3: what eventstoresvc sends. `page` is docs/events.md. */
export function asyncApiDocument(page: string) {
  const schemas = Object.entries(eventSchemas(page)).map(([type, { $schema, $id, ...schema }]) => [
    type,
    schema,
  ]);
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Events of orders',
      version,
      description: [
        `All events of all orders, in the JetStream stream \`${ORDERS_STREAM}\` with the subjects \`${ORDERS_STREAM}.*\`. The subject is the event's type. A message is a CloudEvent 1.0 in binary mode: attributes are headers, and the payload is the appended bytes.`,
        "A message's sequence is its event's position in the log, from 1 without gaps. A message may be delivered more than once; its `ce-id` identifies it. Events of one order arrive in order.",
        'Readers ignore fields and types that they do not know. A field that changes its meaning becomes a new event.',
      ].join('\n\n'),
      license: { name: 'MIT' },
      contact: { name: 'The operator of this service' },
      tags: [{ name: 'orders' }],
    },
    defaultContentType: 'application/json',
    servers: {
      nats: {
        host: 'localhost:4222',
        protocol: 'nats',
        description: `NATS with JetStream, where \`make start\` puts it. The stream is \`${ORDERS_STREAM}\`.`,
      },
    },
    channels: Object.fromEntries(
      names.map((name) => [
        name,
        {
          address: eventTypes[name],
          title: eventTypes[name],
          description: told(page, name).summary,
          servers: [ref('servers/nats')],
          messages: { [name]: ref(`components/messages/${name}`) },
          'x-jetstream-stream': ORDERS_STREAM,
        },
      ]),
    ),
    operations: Object.fromEntries(
      names.map((name) => [
        `send-${name}`,
        {
          action: 'send',
          channel: ref(`channels/${name}`),
          summary: `Publishes ${eventTypes[name]} once it is in the log.`,
          messages: [ref(`channels/${name}/messages/${name}`)],
        },
      ]),
    ),
    components: {
      messages: Object.fromEntries(
        names.map((name) => [
          name,
          {
            name: eventTypes[name],
            title: eventTypes[name],
            summary: told(page, name).summary,
            contentType: 'application/json',
            headers: ref('components/schemas/Headers'),
            payload: ref(`components/schemas/${eventTypes[name]}`),
            examples: [{ payload: told(page, name).example }],
          },
        ]),
      ),
      schemas: { Headers: jsonSchema(messageHeaders), ...Object.fromEntries(schemas) },
    },
  };
}
