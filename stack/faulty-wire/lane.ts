import type { Socket } from 'node:net';
import type { Condition } from './condition.ts';

/** One direction of one connection. */
export interface Lane {
  /** Tells the receiver that the sender has finished; what still comes is dropped. */
  readonly finish: () => void;
  /** Drops what is held. Called when the connection is gone; may be called twice. */
  readonly close: () => void;
}

// What a lane keeps beside the sockets' own buffers; past it the sender is not read.
const MOST_BYTES = 256 * 1024;

type Item = { readonly arrived: number } & (
  | { readonly bytes: Buffer }
  | { readonly last: 'end' | 'reset' }
);

/**
 * Carries what `source` sends to `sink` as `condition` allows: bytes, then how they
 * ended. While bytes are held, their end and a reset behind them are held too. Bytes to
 * a sink that is gone are read and dropped, as a network does.
 */
export function lane(
  source: Socket,
  sink: Socket,
  condition: Condition,
  onBytes: (count: number) => void,
): Lane {
  const queue: Item[] = [];
  let held = 0;
  let pumping = false;
  let closed = false;
  let finished = false;
  const self: Lane = {
    finish() {
      finished = true;
      sink.end();
    },
    close() {
      closed = true;
      queue.length = 0;
      condition.leave(self);
    },
  };

  function push(item: Item): void {
    if (closed) return;
    queue.push(item);
    if (!pumping) void pump();
  }

  async function pump(): Promise<void> {
    pumping = true;
    for (let item = queue[0]; item !== undefined; item = queue[0]) {
      if ('bytes' in item) {
        await carry(item.bytes, item.arrived);
        held -= item.bytes.length;
        if (held < MOST_BYTES) source.resume();
      } else {
        await condition.admit(self, 0, item.arrived);
        if (item.last === 'end') sink.end();
        else sink.resetAndDestroy();
      }
      queue.shift();
    }
    pumping = false;
  }

  async function carry(bytes: Buffer, arrived: number): Promise<void> {
    let rest = bytes;
    while (rest.length > 0 && !closed) {
      const count = await condition.admit(self, rest.length, arrived);
      const piece = rest.subarray(0, count);
      rest = rest.subarray(count);
      if (condition.mode.kind === 'swallow' || finished || !sink.writable) continue;
      onBytes(count);
      if (!sink.write(piece)) await drained(sink);
    }
  }

  source.on('data', (bytes: Buffer) => {
    held += bytes.length;
    if (held >= MOST_BYTES) source.pause();
    push({ bytes, arrived: performance.now() });
  });
  source.once('end', () => push({ last: 'end', arrived: performance.now() }));
  source.once('close', (failed) => {
    if (failed) push({ last: 'reset', arrived: performance.now() });
  });
  return self;
}

function drained(sink: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      sink.off('drain', done);
      sink.off('close', done);
      resolve();
    };
    sink.once('drain', done);
    sink.once('close', done);
  });
}
