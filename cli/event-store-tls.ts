import { EVENT_STORE, OPERATOR, uriOf } from '../shared/contracts/rights/identities.ts';
import { type ClientTls, clientTls } from '../shared/kit/transport/tls/channel-credentials.ts';
import { addressOf } from './addresses.ts';
import { credential } from './credentials.ts';

/**
 * How we show ourselves to the event store at `address`: by the certificate that TLS_CERT_FILE,
 * TLS_KEY_FILE and TLS_CA_FILE name, else by the operator's that `make start` has made, if the
 * store is its own or CREDENTIALS_DIR is set. Undefined: plainly, as to a server without TLS.
 */
export function operatorTls(address: string): ClientTls | undefined {
  const { TLS_CA_FILE, TLS_CERT_FILE, TLS_KEY_FILE, CREDENTIALS_DIR } = process.env;
  if (TLS_CA_FILE?.trim() && TLS_CERT_FILE?.trim() && TLS_KEY_FILE?.trim()) {
    const files = { ca: TLS_CA_FILE, cert: TLS_CERT_FILE, key: TLS_KEY_FILE };
    return clientTls(files, uriOf(EVENT_STORE));
  }
  const own = address === addressOf('EVENTSTORE_ADDRESS', { name: '', value: undefined });
  if (!CREDENTIALS_DIR?.trim() && (!own || process.env.EVENTSTORE_ADDRESS?.trim())) {
    return undefined;
  }
  const ca = credential('tls', 'ca.crt');
  const cert = credential('tls', `${OPERATOR}.crt`);
  const key = credential('tls', `${OPERATOR}.key`);
  return ca && cert && key ? clientTls({ ca, cert, key }, uriOf(EVENT_STORE)) : undefined;
}
