import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  issueLeaf,
  type KeyPair,
  type LeafOptions,
  makeAuthority,
} from '../../../shared/credentials/certificate-authority.ts';
import { type TlsFiles, tlsIdentity } from '../../../shared/kit/transport/tls/tls-files.ts';

const HOUR = 60 * 60_000;

/** The name in a certificate for `name`. */
export const nameIn = (name: string): string => `spiffe://tests.local/${name}`;

export interface TlsFolder {
  /** The trusted authority. */
  readonly authority: KeyPair;
  /** Writes a leaf for `name`, unless told otherwise valid now, and says where it lies. */
  leaf(name: string, more?: Partial<LeafOptions> & { readonly by?: KeyPair }): Promise<TlsFiles>;
  /** The same as a program has it, with files that are looked at often. */
  identity(...leaf: Parameters<TlsFolder['leaf']>): ReturnType<typeof followed>;
  /** Trusts these from now on. */
  trust(...authorities: readonly KeyPair[]): void;
  remove(): void;
}

const followed = async (files: Promise<TlsFiles>) => tlsIdentity(await files, 20);

/** Real certificates for a test, in a folder of its own. */
export async function tlsFolder(): Promise<TlsFolder> {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'));
  const file = (name: string) => join(folder, name);
  const write = (name: string, text: string) => {
    writeFileSync(file(`${name}.new`), text, { mode: 0o600 });
    renameSync(file(`${name}.new`), file(name));
  };
  const authority = await makeAuthority('tests', Date.now());
  const trust = (...authorities: readonly KeyPair[]) =>
    write('ca.crt', authorities.map(({ cert }) => cert).join('\n'));
  trust(authority);

  async function leaf(
    name: string,
    { by = authority, ...more }: Partial<LeafOptions> & { readonly by?: KeyPair } = {},
  ): Promise<TlsFiles> {
    const { cert, key } = await issueLeaf(by, {
      identity: nameIn(name),
      from: Date.now(),
      forMs: HOUR,
      ...more,
    });
    write(`${name}.key`, key);
    write(`${name}.crt`, cert);
    return { ca: file('ca.crt'), cert: file(`${name}.crt`), key: file(`${name}.key`) };
  }

  return {
    authority,
    leaf,
    identity: (...given) => followed(leaf(...given)),
    trust,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
