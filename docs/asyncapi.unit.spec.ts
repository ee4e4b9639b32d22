/**
 * docs/asyncapi.json and docs/schemas are current, and say what is written and
 * read. WRITE_DOCS=true writes them. That they are correct documents is tried in
 * linters.int.spec.ts.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventTypes } from '../shared/contracts/events.ts';
import type { RecordedEvent } from '../shared/eventstore/event-store.ts';
import { encodeMessage } from '../shared/eventstore/message.ts';
import { messageHeaders } from '../shared/eventstore/message-headers.ts';
import { asyncApiDocument, eventSchemas } from './asyncapi.ts';
import { root } from './markdown.ts';

const page = readFileSync(join(root, 'docs/events.md'), 'utf8');
const remedy = 'WRITE_DOCS=true npx mocha docs/asyncapi.unit.spec.ts writes it';
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

function isCurrent(file: string, text: string): void {
  const path = join(root, 'docs', file);
  if (process.env.WRITE_DOCS === 'true') {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
  }
  assert.equal(readFileSync(path, 'utf8'), text, remedy);
}

describe('the documents of the events', () => {
  it('docs/asyncapi.json is the one that the code makes', () => {
    isCurrent('asyncapi.json', json(asyncApiDocument(page)));
  });

  it('docs/schemas has the schema of each event, and no other', () => {
    for (const [type, schema] of Object.entries(eventSchemas(page))) {
      isCurrent(`schemas/${type}.json`, json(schema));
    }
    assert.deepEqual(
      readdirSync(join(root, 'docs/schemas')).toSorted(),
      Object.values(eventTypes)
        .map((type) => `${type}.json`)
        .toSorted(),
    );
  });

  it('a schema names every field that is written', () => {
    const { messages, schemas } = asyncApiDocument(page).components;
    for (const [name, { examples }] of Object.entries(messages)) {
      const type = eventTypes[name as keyof typeof eventTypes];
      const { properties = {} } = (schemas as Record<string, { properties?: object }>)[type] ?? {};
      for (const { payload } of examples) {
        assert.deepEqual(
          Object.keys(payload as object).toSorted(),
          Object.keys(properties).toSorted(),
          type,
        );
      }
    }
  });

  it('the headers are those that the relay writes', () => {
    const event: RecordedEvent = {
      eventId: 'e-1',
      eventType: eventTypes.created,
      aggregateId: '注文 1',
      aggregateType: 'order',
      stream: 'ORDERS',
      version: 3n,
      position: 9_007_199_254_740_993n,
      createdAt: new Date('2026-01-01T12:00:00.123Z'),
      data: '{}',
      metadata: {
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        tracestate: 'a=b',
        correlation_id: 'c-1',
        causation_id: 'e-0',
        actor: 'operator olga',
      },
    };
    const written = (one: RecordedEvent) => {
      const { headers } = encodeMessage(one);
      return Object.fromEntries(headers.keys().map((key) => [key, headers.get(key)]));
    };
    const all = messageHeaders.strict().parse(written(event));
    assert.deepEqual(Object.keys(all).toSorted(), Object.keys(messageHeaders.shape).toSorted());
    messageHeaders.strict().parse(written({ ...event, data: '', metadata: {} }));
  });
});
