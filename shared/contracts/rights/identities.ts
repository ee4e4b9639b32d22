/** Who programs are, in their certificates. */
/** A name of ours, as no public authority signs one. */
const DOMAIN = 'spiffe://orders.local/';

/** Serves the log. */
export const EVENT_STORE = 'eventstoresvc';
/** Who looks after the system: `ordersctl`, audits, backups. */
export const OPERATOR = 'operator';

/** The URI name in the certificate of `name`, which is a service, or `operator`. */
export const uriOf = (name: string): string => `${DOMAIN}${name}`;

/** The name behind a URI that `uriOf` made; undefined for any other. */
export const nameOf = (uri: string): string | undefined =>
  uri.startsWith(DOMAIN) ? uri.slice(DOMAIN.length) : undefined;
