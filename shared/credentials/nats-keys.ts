/** The identities of NATS, their keys, and what a server is told of them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { nkeys } from 'nats';
import { type NatsRights, natsRights, natsUses, type StreamUse } from '../contracts/rights/nats.ts';
import { type NatsUser, natsConf } from '../contracts/rights/nats-conf.ts';
import type { CredentialsFolder } from './credentials-folder.ts';

/** What each identity does, those of the table and further ones. */
export type Uses = ReadonlyMap<string, readonly StreamUse[]>;

/** All identities: of the table, of these services, and of processes that several services share. */
export function usesOf(
  services: readonly {
    readonly name: string;
    readonly joins?: string | undefined;
    readonly nats?: StreamUse | undefined;
  }[],
  further: Readonly<Record<string, StreamUse>> = {},
): Uses {
  const known = { ...natsUses, ...further };
  const uses = new Map<string, StreamUse[]>(
    Object.entries(known).map(([identity, use]) => [identity, [use]]),
  );
  for (const { name, joins, nats } of services) {
    const use = nats ?? known[name];
    if (use === undefined) continue;
    uses.set(name, [use]);
    if (joins !== undefined) uses.set(joins, [...(uses.get(joins) ?? []), use]);
  }
  return uses;
}

export interface NatsFileOptions {
  readonly credentials: CredentialsFolder;
  readonly uses: Uses;
  readonly streams: readonly string[];
  /** Public keys that still count, by identity. */
  readonly former?: ReadonlyMap<string, readonly string[]>;
  /** The configuration; in a cluster its secret lies beside the keys and is included. */
  readonly file: string;
  readonly include?: string | undefined;
}

/** Where the key of `identity` lies within the folder. */
export const nkeyFile = (identity: string): readonly [string, string] => ['nats', `${identity}.nk`];

/**
 * Makes the keys that are missing and writes the server's configuration. Returns the public
 * keys by identity, as they lie in the files now.
 */
export function writeNatsConf(options: NatsFileOptions): ReadonlyMap<string, readonly string[]> {
  const { credentials, uses, streams, former, file, include } = options;
  const current = new Map<string, readonly string[]>();
  const users: NatsUser[] = [];
  for (const [identity, use] of uses) {
    const rights: NatsRights = natsRights(identity, use, streams);
    const key = makeNkey(credentials, identity);
    current.set(identity, [key]);
    users.push({ identity, keys: [...new Set([key, ...(former?.get(identity) ?? [])])], rights });
  }
  writeFileSync(file, natsConf(users, { include }));
  return current;
}

/** The public key of `identity`, whose key is made where it is missing. */
export function makeNkey(credentials: CredentialsFolder, identity: string): string {
  const seed = () => new TextDecoder().decode(nkeys.createUser().getSeed());
  const path = credentials.once(nkeyFile(identity), () => `${seed()}\n`);
  const text = readFileSync(path, 'utf8').split('\n', 1)[0]?.trim() ?? '';
  return nkeys.fromSeed(new TextEncoder().encode(text)).getPublicKey();
}
