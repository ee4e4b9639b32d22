import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A client in its own thread, which pauses with `Atomics.wait`. */
const CLIENT = `
const { parentPort, workerData: { port, first, rest, shared } } = require('node:worker_threads');
let came = '';
const socket = require('node:net').connect(port, '127.0.0.1', () => {
  socket.write(first, () => {
    parentPort.postMessage('connected');
    Atomics.wait(shared, 0, 0);
    socket.write(rest, () => { Atomics.store(shared, 1, 1); Atomics.notify(shared, 1); });
  });
});
socket.on('data', (bytes) => { came += bytes.toString('latin1'); });
socket.on('error', () => {});
socket.on('close', () => parentPort.postMessage({ came }));
`;

export interface StandingStill {
  readonly port: number;
  /** Sent first. */
  readonly first: string;
  /** Sent while this thread stands still. */
  readonly rest: string;
  /** How long it stands still. */
  readonly ms: number;
  /** Resolves when the server has received the first part. */
  readonly taken: () => Promise<unknown>;
}

/**
 * Sends the rest of something to a server of this process while the process stands still,
 * as when it is stopped and resumed: its timers are then overdue, and what it waits for
 * is in the socket. Resolves with what came back until the end.
 */
export async function standingStill(options: StandingStill): Promise<string> {
  const { port, first, rest, ms, taken } = options;
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const client = new Worker(CLIENT, { eval: true, workerData: { port, first, rest, shared } });
  try {
    await once(client, 'message');
    await taken();
    Atomics.store(shared, 0, 1);
    Atomics.notify(shared, 0);
    const until = performance.now() + ms;
    Atomics.wait(shared, 1, 0);
    while (performance.now() < until);
    const [{ came }] = (await once(client, 'message')) as [{ came: string }];
    return came;
  } finally {
    await client.terminate();
  }
}
