import { cp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault, Where } from './fault.ts';

const OLDER_MS = 4_000;
const RESTART_MS = 3_000;

/** The stores of all servers are gone when they come back. */
export const storeDeleted: Fault = {
  name: "NATS' store deleted",
  plannedMs: 2 * RESTART_MS,
  async happen(where) {
    await whileDown(where, async (folder) => {
      await rm(folder, { recursive: true, force: true });
    });
    return undefined;
  },
};

/** The stores are as they were some seconds before. */
export const storeOlder: Fault = {
  name: "NATS' store put back older",
  plannedMs: OLDER_MS + 4 * RESTART_MS,
  async happen(where) {
    const copyOf = (folder: string) => `${folder}-older`;
    await whileDown(where, (folder) => cp(folder, copyOf(folder), { recursive: true }));
    await delay(OLDER_MS, undefined, { signal: where.signal });
    await whileDown(where, async (folder) => {
      await rm(folder, { recursive: true, force: true });
      await cp(copyOf(folder), folder, { recursive: true });
      await rm(copyOf(folder), { recursive: true, force: true });
    });
    return `by ${OLDER_MS} ms`;
  },
};

/** The last file of each stream's messages lacks its end. */
export const tailCut: Fault = {
  name: "NATS' tail cut",
  plannedMs: 2 * RESTART_MS,
  async happen(where) {
    const share = 0.2 + where.luck.below(70) / 100;
    const cut: string[] = [];
    await whileDown(where, async (folder) => {
      const files = await readdir(folder, { recursive: true });
      const blocks = files.filter((file) => /msgs\/\d+\.blk$/.test(file)).toSorted(byNumber);
      const last = blocks.at(-1);
      if (last === undefined) return;
      const path = join(folder, last);
      const { size } = await stat(path);
      await truncate(path, Math.floor(size * share));
      cut.push(`${last.split('/').at(-1)} to ${Math.floor(share * 100)}%`);
    });
    return cut[0];
  },
};

const byNumber = (a: string, b: string) => numberOf(a) - numberOf(b);
const numberOf = (file: string) => Number(/(\d+)\.blk$/.exec(file)?.[1]);

/** Stops all servers of NATS, does `work` to the folder of each, and starts them. */
async function whileDown(
  { stack, natsNodes, dataDir }: Where,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  await Promise.all(natsNodes.map((name) => stack.unit(name).stop()));
  for (const name of natsNodes) {
    await work(
      natsNodes.length === 1
        ? join(dataDir, 'nats')
        : join(dataDir, 'nats-cluster', name.toLowerCase()),
    );
  }
  await Promise.all(natsNodes.map((name) => stack.unit(name).start()));
}
