import { readFileSync } from 'node:fs';
import { type Authenticator, createInbox, type NatsConnection, nkeyAuthenticator } from 'nats';

/**
 * Logs in with the key (a seed, `SU…`) in the first line of the file. It is read again at
 * each login: a new key needs no restart. While the file is missing or empty, the last key
 * counts. Throws the system's error if it cannot be read now.
 */
export function nkeyLogin(path: string): Authenticator {
  const read = () => readFileSync(path, 'utf8').split('\n', 1)[0]?.trim() ?? '';
  let seed = read();
  return nkeyAuthenticator(() => {
    try {
      seed = read() || seed;
    } catch {
      // It is being replaced, perhaps.
    }
    return new TextEncoder().encode(seed);
  });
}

/** A subject for answers that only this connection's identity hears. */
export function ownInbox(connection: NatsConnection): string {
  // The connection has its options, but its types do not.
  const { options } = connection as { readonly options?: { readonly inboxPrefix?: string } };
  return createInbox(options?.inboxPrefix);
}
