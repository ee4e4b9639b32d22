import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { claim } from './exclusive.ts';

/** Everything the stack listens on, it listens on here. */
export const LOOPBACK = '127.0.0.1';

/** The same machine to whom its name means this; `localhost` means both, this one first. */
const LOOPBACK_6 = '::1';

/** On which of this machine's two addresses the port is taken, if on any. */
export async function portTaken(port: number): Promise<string | undefined> {
  if (await portInUse(port)) return LOOPBACK;
  // Without IPv6, its ports are free.
  const six = await portInUse(port, LOOPBACK_6).catch(() => false);
  return six ? `[${LOOPBACK_6}]` : undefined;
}

/** True if a process already listens on the port, on loopback or on every address. */
export async function portInUse(port: number, host: string = LOOPBACK): Promise<boolean> {
  try {
    await listenOnce(port, host);
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return true;
    throw error;
  }
}

/**
 * Different ports that nobody listens on, and that this process gives out once only: they
 * are from a block that is its own while it lives, and lie below those that the system
 * gives to clients by itself, of which it might give one away before its user listens,
 * or while its user is restarted. (Blocks as in the freeport package of HashiCorp's
 * Consul.)
 */
export async function freePorts(count: number): Promise<number[]> {
  block ??= claimBlock();
  const take = await block;
  const ports: number[] = [];
  for (let asked = 0; ports.length < count && asked < BLOCK_SIZE; asked += 1) {
    const port = take();
    if (!(await portInUse(port))) ports.push(port);
  }
  if (ports.length < count)
    throw new Error(`There are no ${count} free ports in a block of ports.`);
  return ports;
}

/** One free port; see {@link freePorts}. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('No free port was given.');
  return port;
}

const FIRST_PORT = 10_240;
const BLOCK_SIZE = 512;
// Up to 25,599, which avoids the standard ports of the stack.
const BLOCKS = 30;

let block: Promise<() => number> | undefined;

/**
 * Both start at a random place, so that a client that still looks for an ended server finds
 * no other in its place.
 */
async function claimBlock(): Promise<() => number> {
  const some = randomInt(BLOCKS);
  for (let tried = 0; tried < BLOCKS; tried += 1) {
    const first = FIRST_PORT + ((some + tried) % BLOCKS) * BLOCK_SIZE;
    if (!('release' in (await claim(`ports from ${first}`)))) continue;
    let next = randomInt(BLOCK_SIZE);
    return () => first + (next++ % BLOCK_SIZE);
  }
  throw new Error(`All ${BLOCKS} blocks of ports are taken by processes of this project.`);
}

async function listenOnce(port: number, host: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, resolve);
  });
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
