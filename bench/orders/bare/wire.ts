/** What the processes of the bare path send each other, and the gRPC call that appends it. */
import { Client, credentials, type ServiceDefinition } from '@grpc/grpc-js';
import { gather } from './gather.ts';

export interface BareEvent {
  /** Of one attempt; the log takes none twice. */
  readonly id: string;
  /** Its subject is `BARE.<type>`. */
  readonly type: 'created' | 'debited' | 'approved';
  readonly orderId: string;
  readonly version: number;
  /** JSON text, which only the projection reads. */
  readonly data: string;
}

/** As the log and the stream have it. */
export interface StoredEvent extends BareEvent {
  readonly position: number;
}

export const BARE_STREAM = 'BARE';

export interface AppendMessage {
  readonly number: number;
  readonly events: readonly BareEvent[];
}

/** The events of the message of that number are on disk. */
export interface AppendAnswer {
  readonly number: number;
}

const toBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const fromBytes = (bytes: Buffer) => JSON.parse(bytes.toString());

const append = {
  path: '/bare.Store/Append',
  requestStream: true,
  responseStream: true,
  requestSerialize: toBytes,
  requestDeserialize: fromBytes,
  responseSerialize: toBytes,
  responseDeserialize: fromBytes,
} as const;
export const storeService: ServiceDefinition = { append };

/** Appends over one stream; resolves when the event is on disk. What fails ends the process. */
export function openAppender(address: string): (event: BareEvent) => Promise<void> {
  const client = new Client(address, credentials.createInsecure());
  const call = client.makeBidiStreamRequest<AppendMessage, AppendAnswer>(
    append.path,
    append.requestSerialize,
    append.responseDeserialize,
  );
  let number = 0;
  let answered: (answer: AppendAnswer) => void = () => undefined;
  call.on('data', (answer: AppendAnswer) => answered(answer));
  return gather((events) => {
    const message: AppendMessage = { number: ++number, events };
    call.write(message);
    return new Promise((resolve, reject) => {
      answered = (answer) =>
        answer.number === message.number ? resolve() : reject(new Error('a lost answer'));
    });
  });
}
