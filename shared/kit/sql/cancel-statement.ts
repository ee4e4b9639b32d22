import { connect, type IpcNetConnectOpts, type TcpNetConnectOpts } from 'node:net';

/** The server's id of a connection, and the secret that cancels its statement. */
export interface Backend {
  readonly pid: number;
  readonly secret: number;
}

/** For the whole request; the statement soon ends at the server anyway. */
const PATIENCE_MS = 1_000;

/** The first two fields of a request: its length and its code in the protocol. */
const REQUEST = [16, 80_877_102] as const;

/**
 * Asks the server at `address` to end the statement on the connection `backend`, so that
 * a statement nobody waits for does not hold a backend or a lock. The server does not
 * answer; whether it worked is unknown, and nothing depends on it. Never throws, and does
 * not keep the process alive.
 */
export function cancelStatement(
  address: TcpNetConnectOpts | IpcNetConnectOpts,
  { pid, secret }: Backend,
): void {
  const request = Buffer.alloc(16);
  for (const [index, word] of [...REQUEST, pid, secret].entries()) {
    request.writeUInt32BE(word, index * 4);
  }
  const socket = connect(address);
  socket.unref().on('error', () => undefined);
  socket.end(request);
  const patience = setTimeout(() => socket.destroy(), PATIENCE_MS).unref();
  socket.on('close', () => clearTimeout(patience));
}
