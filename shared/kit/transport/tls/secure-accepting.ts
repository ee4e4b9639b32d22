import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Logger } from '../../logger.ts';
import { seldom } from '../../seldom.ts';
import { identityOf } from './peer-identity.ts';
import type { TlsIdentity } from './tls-files.ts';

export interface SecureAccepting {
  /** Begins TLS on a connection that was accepted. */
  accept(socket: Socket): void;
  /** Stops following the certificate's files; open connections stay. */
  close(): void;
}

/** A connection whose peer has shown a certificate of our CA. */
export type OnSecure = (socket: TLSSocket, identity: string | undefined) => void;

export interface SecureAcceptingOptions {
  readonly identity: TlsIdentity;
  /** The only protocol spoken, such as `h2`. */
  readonly protocol: string;
  /** How long a handshake may take, in milliseconds. */
  readonly handshakeMs: number;
  readonly logger: Logger;
}

const TELL_EVERY_MS = 10_000;

/**
 * Mutual TLS on connections that somebody else accepts: only a peer with a certificate of
 * our CA, not expired, gets through, and who it is is read once. Certificates are renewed
 * without a restart, for the connections that follow. Sessions are never resumed: resuming
 * one would skip the check.
 */
export function secureAccepting(
  { identity, protocol, handshakeMs, logger }: SecureAcceptingOptions,
  onSecure: OnSecure,
): SecureAccepting {
  const fixed = { minVersion: 'TLSv1.3', secureOptions: constants.SSL_OP_NO_TICKET } as const;
  const server = createServer({
    ...fixed,
    ...identity.current(),
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: [protocol],
    handshakeTimeout: handshakeMs,
  });
  const stopFollowing = identity.follow((material) =>
    server.setSecureContext({ ...fixed, ...material }),
  );
  const tellRefused = seldom(TELL_EVERY_MS, (leftOut, reason: string) =>
    logger.warn({ reason, since: leftOut }, 'a connection without a valid certificate was refused'),
  );
  server.on('tlsClientError', (error, socket) => {
    tellRefused(reasonOf(error));
    socket.destroy();
  });
  server.on('secureConnection', (socket) => {
    if (socket.alpnProtocol !== protocol || socket.isSessionReused()) {
      socket.destroy();
      return;
    }
    onSecure(socket, identityOf(socket.getPeerX509Certificate()));
  });
  return {
    accept: (socket) => void server.emit('connection', socket),
    close: stopFollowing,
  };
}

/** OpenSSL's text is long; its reason is enough. */
function reasonOf(error: Error): string {
  const { code, reason } = error as { code?: string; reason?: string };
  return reason ?? code ?? error.message;
}
