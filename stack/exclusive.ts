import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';

/** Either it is ours until `release` or the end of this process, or another process has it. */
export type Claim =
  | { readonly release: () => void }
  /** The holder's process id, if known. */
  | { readonly heldBy: number | undefined };

const ANSWER_MS = 1_000;
const ATTEMPTS = 3;

/**
 * Claims something by name for this process alone. The name is a socket in Linux's abstract
 * namespace, which the kernel gives to one process and frees when that ends: unlike a lock
 * file it cannot be left behind, and two processes can never both find it abandoned. A
 * process that connects is told the holder.
 */
export async function claim(name: string): Promise<Claim> {
  const path = `\0orders-${createHash('sha256').update(name).digest('hex').slice(0, 40)}`;
  for (let attempt = 1; ; attempt += 1) {
    const server = await listen(path);
    if (server !== undefined) return { release: () => void server.close() };
    const holder = await askHolder(path);
    if (holder !== 'gone' || attempt === ATTEMPTS) {
      return { heldBy: holder === 'gone' ? undefined : holder };
    }
  }
}

async function listen(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(`${process.pid}\n`);
  });
  server.listen({ path, exclusive: true });
  server.unref();
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

/** Undefined: it does not say, stopped perhaps. Gone: it ended in the meantime. */
async function askHolder(path: string): Promise<number | 'gone' | undefined> {
  const socket = connect({ path }).setEncoding('utf8');
  socket.setTimeout(ANSWER_MS, () => socket.destroy());
  let told = '';
  try {
    for await (const chunk of socket) told += chunk;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return 'gone';
  }
  return Number.parseInt(told, 10) || undefined;
}
