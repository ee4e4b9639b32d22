import { createServer } from 'node:net';

/** Everything the stack listens on, it listens on here. */
export const LOOPBACK = '127.0.0.1';

/** True when somebody already listens on the port, on loopback or on every address. */
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
 * Different ports that were free a moment ago. All are held open together before
 * any is let go, so the system cannot hand out one of them twice. Another process
 * may still take one before its user listens; whoever listens must say so.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, () => hold(0, LOOPBACK)));
  const ports = held.map(({ port }) => port);
  await Promise.all(held.map(({ release }) => release()));
  return ports;
}

/** One port that was free a moment ago; see {@link freePorts}. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('The system gave no free port.');
  return port;
}

async function listenOnce(port: number, host: string): Promise<void> {
  const { release } = await hold(port, host);
  await release();
}

async function hold(
  port: number,
  host: string,
): Promise<{ port: number; release: () => Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was bound.');
  return {
    port: address.port,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
