import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface RefusedWritesOptions {
  /** Where the server writes. */
  readonly folder: string;
  /** Told once, when the server says that a write was refused. */
  readonly onRefused: () => void;
  /** Called once, when the folder takes writes again; it is to restart the server. */
  readonly restart: () => void;
  /** Aborted when the server has ended. */
  readonly signal: AbortSignal;
  /** Pause between two looks, in milliseconds; default 2,000. */
  readonly everyMs?: number;
}

// So nats-server says it of streams, of consumers and of the files below them.
const SAID = /critical write error/i;

// Less than PostgreSQL's next WAL file, more than what a stream writes while it recovers.
const PROBE = Buffer.alloc(4 * 1024 * 1024);

/**
 * Reads the lines of a nats-server. JetStream keeps a stream's first write error for as
 * long as the server runs (`setWriteErr` in its filestore.go): after a disk was full it
 * would refuse every message, though room was made. A new server begins without it.
 */
export function refusedWrites(options: RefusedWritesOptions): (line: string) => void {
  const { folder, onRefused, restart, signal, everyMs = 2_000 } = options;
  let refused = false;
  return (line) => {
    if (refused || !SAID.test(line)) return;
    refused = true;
    onRefused();
    void untilWritable(folder, everyMs, signal).then(restart, () => {});
  };
}

/** Rejects when the signal aborts. */
async function untilWritable(folder: string, everyMs: number, signal: AbortSignal): Promise<void> {
  const probe = join(folder, 'probe');
  for (;;) {
    await delay(everyMs, undefined, { signal, ref: false });
    try {
      await writeFile(probe, PROBE);
      return;
    } catch {
      // Still full, or gone: the next look tells.
    } finally {
      await rm(probe, { force: true }).catch(() => {});
    }
  }
}
