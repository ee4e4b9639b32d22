/** Events from the stream in batches, with one acknowledgement for a batch. */
import { AckPolicy, connect, type JsMsg } from 'nats';
import { natsConnectionOptions } from '../../../shared/kit/transport/nats/nats-connection.ts';
import { gather } from './gather.ts';
import { setting } from './settings.ts';
import { BARE_STREAM, type StoredEvent } from './wire.ts';

const MOST = 500;

/** Calls `work` with all that arrived while it worked before; what fails ends the process. */
export async function consume(
  name: string,
  subjects: readonly string[],
  work: (events: readonly StoredEvent[]) => Promise<void>,
): Promise<void> {
  const nats = await connect(natsConnectionOptions(setting('NATS_URL'), `bare ${name}`));
  const manager = await nats.jetstreamManager();
  await manager.consumers.add(BARE_STREAM, {
    durable_name: name,
    // Of all up to it.
    ack_policy: AckPolicy.All,
    filter_subjects: [...subjects],
    max_ack_pending: 10 * MOST,
  });
  const take = gather(async (batch: readonly JsMsg[]) => {
    await work(batch.map((message) => message.json<StoredEvent>()));
    batch.at(-1)?.ack();
  }, MOST);
  const consumer = await nats.jetstream().consumers.get(BARE_STREAM, name);
  await consumer.consume({ max_messages: 2 * MOST, callback: (message) => void take(message) });
  console.log('ready');
}
