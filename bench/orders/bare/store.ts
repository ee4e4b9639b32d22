/** The log of the bare path: appends over gRPC, one commit for many, and a relay to JetStream. */
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { connect, headers, StringCodec } from 'nats';
import postgres from 'postgres';
import { natsConnectionOptions } from '../../../shared/kit/transport/nats/nats-connection.ts';
import { gather } from './gather.ts';
import { setting } from './settings.ts';
import {
  type AppendAnswer,
  type AppendMessage,
  BARE_STREAM,
  type StoredEvent,
  storeService,
} from './wire.ts';

const ANSWER_MS = 10_000;
const EXPECTED = 'Nats-Expected-Last-Sequence';

const sql = postgres(setting('BARE_DATABASE_URL'), { max: 1, fetch_types: false });
const nats = await connect(natsConnectionOptions(setting('NATS_URL'), 'bare store'));
const text = StringCodec();
let last = 0;

/** A column of values as one text, which PostgreSQL takes apart faster than an array or JSON. */
const column = (events: readonly StoredEvent[], of: (event: StoredEvent) => string | number) =>
  events.map(of).join('\x1f');

const commit = gather(async (messages: readonly AppendMessage[]) => {
  const events = messages
    .flatMap((message) => message.events)
    .map((event): StoredEvent => ({ ...event, position: ++last }));
  await sql`
    insert into events (position, event_id, type, order_id, version, data)
    select position::int8, event_id, type, order_id, version::int8, data
    from unnest(
      string_to_array(${column(events, ({ position }) => position)}::text, chr(31)),
      string_to_array(${column(events, ({ id }) => id)}::text, chr(31)),
      string_to_array(${column(events, ({ type }) => type)}::text, chr(31)),
      string_to_array(${column(events, ({ orderId }) => orderId)}::text, chr(31)),
      string_to_array(${column(events, ({ version }) => version)}::text, chr(31)),
      string_to_array(${column(events, ({ data }) => data)}::text, chr(31))
    ) as e (position, event_id, type, order_id, version, data)`;
  for (const event of events) void relay(event);
});

/**
 * Log position p is stream sequence p, or the broker refuses it. So the last answer of a
 * window tells of all before it.
 */
const relay = gather(async (window: readonly StoredEvent[]) => {
  const final = window.length - 1;
  for (const [index, event] of window.entries()) {
    const subject = `${BARE_STREAM}.${event.type}`;
    const payload = text.encode(JSON.stringify(event));
    const expecting = headers();
    expecting.set(EXPECTED, String(event.position - 1));
    if (index < final) {
      nats.publish(subject, payload, { headers: expecting });
      continue;
    }
    const options = { timeout: ANSWER_MS, headers: expecting };
    const answer = await nats.request(subject, payload, options);
    const { seq } = answer.json<{ seq?: number }>();
    if (seq !== event.position) throw new Error(`position ${event.position} became ${seq}`);
  }
});

const server = new Server();
server.addService(storeService, {
  append: (call: ServerDuplexStream<AppendMessage, AppendAnswer>) => {
    call.on('data', (message: AppendMessage) => {
      void commit(message).then(() => call.write({ number: message.number }));
    });
    call.on('end', () => call.end());
  },
});
await new Promise<void>((resolve, reject) => {
  const address = `127.0.0.1:${setting('BARE_GRPC_PORT')}`;
  server.bindAsync(address, ServerCredentials.createInsecure(), (error) =>
    error ? reject(error) : resolve(),
  );
});
console.log('ready');
