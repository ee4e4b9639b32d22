/**
 * The credentials of an installation that no stack of ours starts, such as compose.yaml's: a
 * folder for each program, which holds what that one needs and nothing of another's.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { grpcRights } from '../contracts/rights/grpc.ts';
import { EVENT_STORE, OPERATOR } from '../contracts/rights/identities.ts';
import { natsRights, natsUses } from '../contracts/rights/nats.ts';
import { type NatsUser, natsConf } from '../contracts/rights/nats-conf.ts';
import { BOOTSTRAPPER } from '../contracts/rights/sql.ts';
import { scramVerifier } from '../kit/sql/scram-verifier.ts';
import { type CredentialsFolder, credentialsFolder } from './credentials-folder.ts';
import { idKeyFile, keySetFile, makeHttpKeys } from './http-keys.ts';
import { authorityIn, type LeafWanted, leafFiles, renewLeaf, replaceFile } from './leaves.ts';
import { signingKey } from './local-token.ts';
import { makeNkey } from './nats-keys.ts';
import { makePassword, passfile, sqlRoles } from './sql-passwords.ts';

export interface InstallationOptions {
  /** Holds the programs' folders. */
  readonly folder: string;
  /** Where the servers find their own folders; default: where they lie. */
  readonly at?: string | undefined;
  /** The names of the database's nodes; by the first all of them are reached. */
  readonly sqlHosts: readonly [string, ...string[]];
  /** The names of NATS: the one in addresses, then those of its nodes, if there are several. */
  readonly natsHosts: readonly [string, ...string[]];
  readonly streams: readonly string[];
  /** How long certificates count, and from when, in milliseconds. */
  readonly leafMs: number;
  readonly now: number;
}

/** Has the authority's key, and the one that tokens are signed with. No program needs it. */
export const AUTHORITY = 'authority';
/** Of the servers: certificates, and what they are told of the others. */
export const NATS = 'nats';
export const COCKROACH = 'cockroach';
/** Of who makes the cluster, as its root. */
export const COCKROACH_INIT = 'cockroach-init';
/** Serves HTTP. */
const ORDERS = 'ordersvc';

/** Our own programs that have credentials: services and people. */
export const programs = (): readonly string[] => [
  ...new Set([BOOTSTRAPPER, EVENT_STORE, ...Object.keys(grpcRights)]),
];

/** All folders of an installation. */
export const installationFolders = (): readonly string[] => [
  AUTHORITY,
  COCKROACH,
  COCKROACH_INIT,
  NATS,
  ...programs(),
];

/**
 * Makes what is missing, renews the certificates whose time is half over, and hands out
 * what was replaced. May be called again at any time. Throws the system's error.
 */
export async function makeInstallation(options: InstallationOptions): Promise<void> {
  const { folder, sqlHosts, natsHosts, leafMs, now } = options;
  const of = (name: string) => credentialsFolder(join(folder, name));
  const authority = await authorityIn(of(AUTHORITY), 'orders', now);
  const leaf = async (to: CredentialsFolder, wanted: Omit<LeafWanted, 'from' | 'forMs'>) => {
    hand(of(AUTHORITY), to, 'tls', 'ca.crt');
    await renewLeaf(to, authority, { ...wanted, from: now, forMs: leafMs });
  };
  const here = { addresses: ['127.0.0.1', '::1'] };
  for (const name of programs()) {
    const serves = name === EVENT_STORE && { hosts: [name, 'localhost'], ...here };
    await leaf(of(name), { name, ...serves });
  }
  await leaf(of(NATS), { name: NATS, hosts: [...natsHosts, 'localhost'], ...here });
  await leaf(of(COCKROACH), { name: 'node', hosts: [...sqlHosts, 'localhost'], ...here });
  await leaf(of(COCKROACH_INIT), { name: 'root', file: 'client.root' });
  handOutPasswords(of, sqlHosts[0]);
  handOutHttpKeys(of);
  replaceFile(of(NATS).file('nats.conf'), installationNatsConf(options));
  const [, ...nodes] = natsHosts;
  if (nodes.length === 0) return;
  replaceFile(of(NATS).file('nats-cluster.conf'), installationNatsConf(options, nodes));
}

type FolderOf = (name: string) => CredentialsFolder;

/** The bootstrapper, which makes the roles, has all passwords; a role has its own. */
function handOutPasswords(of: FolderOf, host: string): void {
  for (const role of sqlRoles()) {
    makePassword(of(BOOTSTRAPPER), role, host);
    if (role !== BOOTSTRAPPER) hand(of(BOOTSTRAPPER), of(role), ...passfile(role));
  }
  const line = of(BOOTSTRAPPER)
    .read(...passfile(BOOTSTRAPPER))
    .trim();
  const verifier = scramVerifier(line.slice(line.lastIndexOf(':') + 1));
  // It makes databases and roles, and takes rights away in the schema that each database begins with.
  const statements = [
    `CREATE USER IF NOT EXISTS ${BOOTSTRAPPER}`,
    `ALTER USER ${BOOTSTRAPPER} WITH LOGIN PASSWORD '${verifier}'`,
    `GRANT admin TO ${BOOTSTRAPPER}`,
  ];
  replaceFile(of(COCKROACH_INIT).file('roles.sql'), statements.map((one) => `${one};\n`).join(''));
}

/** Tokens are signed by operators; who checks them needs no key that could sign. */
function handOutHttpKeys(of: FolderOf): void {
  makeHttpKeys(of(AUTHORITY), false);
  // It is public: each service that serves HTTP checks tokens with it.
  for (const name of programs()) hand(of(AUTHORITY), of(name), ...keySetFile);
  hand(of(AUTHORITY), of(ORDERS), ...idKeyFile);
  hand(of(AUTHORITY), of(OPERATOR), ...signingKey);
}

/**
 * The configuration of nats-server for the identities whose keys lie in the folder; keys that
 * are missing are made. With the names of `nodes` it is of each server of their cluster. It
 * holds public keys alone. Throws the system's error.
 */
export function installationNatsConf(
  {
    folder,
    at = join(folder, NATS),
    streams,
  }: Pick<InstallationOptions, 'folder' | 'at' | 'streams'>,
  nodes: readonly string[] = [],
): string {
  const users = natsUsers(folder, streams);
  const { cert, key, ca } = leafFiles(at, NATS);
  return natsConf(users, {
    tls: { cert, key },
    ...(nodes.length > 0 && { cluster: { hosts: nodes, ca } }),
    monitor: '127.0.0.1:8222',
  });
}

/** The users of NATS: the identities whose keys lie in the folder; keys that are missing are made. Throws the system's error. */
export const natsUsers = (folder: string, streams: readonly string[]): readonly NatsUser[] =>
  Object.entries(natsUses).map(([identity, use]) => ({
    identity,
    keys: [makeNkey(credentialsFolder(join(folder, identity)), identity)],
    rights: natsRights(identity, [use], streams),
  }));

/** Gives a file to another folder, too, or its new content. */
function hand(from: CredentialsFolder, to: CredentialsFolder, ...file: readonly string[]): void {
  const text = from.read(...file);
  const path = to.once(file, () => text);
  if (readFileSync(path, 'utf8') !== text) replaceFile(path, text);
}
