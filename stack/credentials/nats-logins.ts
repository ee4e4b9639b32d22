/** Where the identities of the stack's own NATS log in, and what its servers tell each other. */
import { dirname, join } from 'node:path';
import { OPERATOR } from '../../shared/contracts/rights/sql.ts';
import { withNkey } from '../../shared/kit/process/address/url-login.ts';
import { LOOPBACK } from '../ports.ts';

/** The address of a server of the stack in `dataDir`, as `identity`. Holds no key. */
export const natsLogin = (dataDir: string, port: number, identity: string): string =>
  withKey(`nats://${LOOPBACK}:${port}`, identity, join(dataDir, 'credentials/nats'));

/** The addresses, of which `natsLogin` made each for the operator, as another identity; others as they are. */
export const natsLoginAs = (urls: string, identity: string): string =>
  urls
    .split(',')
    .map((url) => {
      const address = URL.parse(url.trim());
      const key = address?.searchParams.get('nkey');
      if (address?.username !== OPERATOR || !key?.endsWith(`/${OPERATOR}.nk`)) return url;
      return withKey(url.trim(), identity, dirname(key));
    })
    .join(',');

const withKey = (url: string, identity: string, folder: string): string =>
  withNkey(url, identity, join(folder, `${identity}.nk`));

/** What the servers of a cluster tell each other, with the password that they have in common. */
export const clusterConf = (port: number, others: readonly number[], password: string): string =>
  [
    'cluster {',
    '  name: orders',
    `  listen: "${LOOPBACK}:${port}"`,
    '  no_advertise: true',
    `  authorization { user: route, password: "${password}", timeout: 5 }`,
    `  routes: [${others.map((of) => `"nats-route://route:${password}@${LOOPBACK}:${of}"`).join(', ')}]`,
    '}',
    '',
  ].join('\n');
