/** The certificates of the stack's programs, made at the start and renewed while it runs. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_STORE, OPERATOR, uriOf } from '../contracts/rights/identities.ts';
import type { TlsFiles } from '../kit/transport/tls/tls-files.ts';
import {
  endOf,
  isOf,
  issueLeaf,
  type KeyPair,
  type LeafOptions,
  makeAuthority,
  servesAs,
} from './certificate-authority.ts';
import type { CredentialsFolder } from './credentials-folder.ts';

/** Long enough for a night's sleep of the machine, and short for one who stole a copy. */
const LEAF_MS = 12 * 60 * 60_000;
/** Renewed with this share left, so that a failure can be tried again for hours. */
const RENEWED_WITH = 0.5;
const LOOK_EVERY_MS = 60_000;

/** Where the certificate of `name` lies in the folder `path`. */
export const leafFiles = (path: string, name: string): TlsFiles => ({
  ca: join(path, 'tls', 'ca.crt'),
  cert: join(path, 'tls', `${name}.crt`),
  key: join(path, 'tls', `${name}.key`),
});

/** The same for a service's environment. */
export const tlsVariables = (path: string, name: string): Readonly<Record<string, string>> => {
  const { ca, cert, key } = leafFiles(path, name);
  return { TLS_CA_FILE: ca, TLS_CERT_FILE: cert, TLS_KEY_FILE: key };
};

/**
 * Makes the authority where there is none, and a leaf for the operator and each of `names`
 * that has none or whose time is half over; and does so again until `signal` aborts. Throws
 * the system's error for the first round; later ones say nothing and try again in a minute.
 */
export async function keepLeaves(
  credentials: CredentialsFolder,
  names: readonly string[],
  signal: AbortSignal,
  { now = Date.now, lookEveryMs = LOOK_EVERY_MS, leafMs = LEAF_MS } = {},
): Promise<void> {
  const all = new Set([OPERATOR, ...names]);
  const round = async () => {
    const authority = await authorityIn(credentials, 'orders, on this machine', now());
    for (const name of all) {
      const hosts = name === EVENT_STORE ? ON_THIS_MACHINE : {};
      await renewLeaf(credentials, authority, { name, ...hosts, from: now(), forMs: leafMs });
    }
  };
  await round();
  const everyMs = Math.min(lookEveryMs, leafMs / 10);
  const timer = setInterval(() => void round().catch(() => undefined), everyMs).unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

const ON_THIS_MACHINE = { hosts: ['localhost'], addresses: ['127.0.0.1', '::1'] };

/** The authority of the folder, which is made where there is none. Who has its key can be anybody. Throws the system's error. */
export async function authorityIn(
  credentials: CredentialsFolder,
  name: string,
  now: number,
): Promise<KeyPair> {
  const [cert, key] = [credentials.file('tls', 'ca.crt'), credentials.file('tls', 'ca.key')];
  if (existsSync(cert) && existsSync(key)) {
    // The first of several is ours; the others are trusted until they are taken out.
    const [first = ''] = readFileSync(cert, 'utf8').split(/(?<=-----END CERTIFICATE-----)/);
    return { cert: first, key: readFileSync(key, 'utf8') };
  }
  const made = await makeAuthority(name, now);
  credentials.once(['tls', 'ca.key'], () => made.key);
  replaceFile(key, made.key);
  replaceFile(cert, existsSync(cert) ? `${made.cert}\n${readFileSync(cert, 'utf8')}` : made.cert);
  return made;
}

/** A leaf for `name`, with the names and addresses under which it serves, from when and for how long. */
export interface LeafWanted extends Omit<LeafOptions, 'identity'> {
  readonly name: string;
  /** The file's name, where that is another. */
  readonly file?: string;
}

/** Makes the leaf in `folder` unless there is one of `authority` with its names whose time is not half over. Throws the system's error. */
export async function renewLeaf(
  folder: CredentialsFolder,
  authority: KeyPair,
  { name, file = name, ...wanted }: LeafWanted,
): Promise<void> {
  const { cert, key } = leafFiles(folder.path, file);
  if (existsSync(cert) && existsSync(key)) {
    const leftMs = leftOf(readFileSync(cert, 'utf8'), authority, wanted);
    if (leftMs > wanted.forMs * RENEWED_WITH) return;
  }
  const made = await issueLeaf(authority, { identity: uriOf(name), ...wanted });
  // Who looks in between takes neither: they do not fit.
  replaceFile(key, made.key);
  replaceFile(cert, made.cert);
}

/** How long it still counts; nothing if another has signed it, or if it has other names. */
function leftOf(leaf: string, authority: KeyPair, wanted: Omit<LeafWanted, 'name'>): number {
  try {
    return isOf(authority, leaf) && servesAs(leaf, wanted) ? endOf(leaf) - wanted.from : 0;
  } catch {
    return 0;
  }
}

/** Writes a secret's file: a reader sees the old content or the new. Throws the system's error. */
export function replaceFile(path: string, text: string): void {
  const unfinished = `${path}.${randomUUID()}`;
  try {
    writeFileSync(unfinished, text, { mode: 0o600, flag: 'wx' });
    renameSync(unfinished, path);
  } finally {
    rmSync(unfinished, { force: true });
  }
}
