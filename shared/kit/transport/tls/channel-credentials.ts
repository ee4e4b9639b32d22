import { X509Certificate } from 'node:crypto';
import { type ChannelCredentials, credentials, experimental } from '@grpc/grpc-js';
import { identityOf } from './peer-identity.ts';
import { type TlsFiles, type TlsIdentity, type TlsMaterial, tlsIdentity } from './tls-files.ts';

/** How a client shows who it is, and whom it expects. */
export interface ClientTls {
  readonly identity: TlsIdentity;
  /** The URI name of the server's certificate. Its address counts for nothing. */
  readonly server: string;
}

type Listener<Update> = (update: Update | null) => void;

/** How the owner of these files calls the server of that URI name; without files plainly. Throws as `tlsIdentity` does. */
export const clientTls = (files: TlsFiles | undefined, server: string): ClientTls | undefined =>
  files && { identity: tlsIdentity(files), server };

/**
 * Credentials for a gRPC channel: plain without `tls`. A renewed certificate counts for the
 * connections that follow; those that are open stay.
 */
export function channelCredentials(tls: ClientTls | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const provider = followed(tls.identity);
  return experimental.createCertificateProviderChannelCredentials(provider, provider, {
    checkServerIdentity: (_host, { raw }) => {
      const identity = identityOf(new X509Certificate(raw));
      if (identity === tls.server) return undefined;
      return new Error(`the server is ${identity ?? 'nobody we know'}, not ${tls.server}`);
    },
  });
}

/** The channel option that goes with it: an address is no server name in TLS. */
export const tlsChannelOptions = (tls: ClientTls | undefined) =>
  tls === undefined ? {} : { 'grpc.ssl_target_name_override': 'localhost' };

/** `identity` as grpc-js wants it: authority and certificate always belong together. */
function followed(identity: TlsIdentity): experimental.CertificateProvider {
  const stops = new Map<unknown, () => void>();
  const add = <Update>(listener: Listener<Update>, update: (material: TlsMaterial) => Update) => {
    const tell = (material: TlsMaterial) => listener(update(material));
    // The library keeps the latest; both of its listeners hear of a change in one turn.
    stops.set(listener, identity.follow(tell));
    tell(identity.current());
  };
  const remove = (listener: unknown) => {
    stops.get(listener)?.();
    stops.delete(listener);
  };
  return {
    addCaCertificateListener: (listener) => add(listener, ({ ca }) => ({ caCertificate: ca })),
    removeCaCertificateListener: remove,
    addIdentityCertificateListener: (listener) =>
      add(listener, ({ cert, key }) => ({ certificate: cert, privateKey: key })),
    removeIdentityCertificateListener: remove,
  };
}
