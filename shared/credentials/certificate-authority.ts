/** A small certificate authority of our own, for the services of one machine. */
import 'reflect-metadata';
import { X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type GeneralNameType,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its key, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface LeafOptions {
  /** The URI name of who gets it. */
  readonly identity: string;
  /** A server's host names; default: it is a client only. */
  readonly hosts?: readonly string[];
  readonly addresses?: readonly string[];
  /** From when, and how long; in milliseconds. */
  readonly from: number;
  readonly forMs: number;
}

// P-256 is what every TLS library has, and is fast.
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** Clocks of two machines differ. */
const SKEW_MS = 5 * 60_000;
const YEARS = 365 * 24 * 60 * 60_000;

/** A new authority: its certificate says that it signs those of others, and nothing else. */
export async function makeAuthority(
  name: string,
  from: number,
  forMs = 10 * YEARS,
): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    ...validity(from, forMs),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: certificate.toString('pem'), key: await privatePem(keys.privateKey) };
}

/** A certificate of `authority` with a new key. */
export async function issueLeaf(authority: KeyPair, options: LeafOptions): Promise<KeyPair> {
  const { identity, hosts = [], addresses = [], from, forMs } = options;
  const issuer = new X509Certificate(authority.cert);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const names: { type: GeneralNameType; value: string }[] = [
    { type: 'url', value: identity },
    ...hosts.map((value) => ({ type: 'dns' as const, value })),
    ...addresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const serves = hosts.length + addresses.length > 0;
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${identity.split('/').at(-1)}`,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await signingKey(authority.key),
    ...validity(from, forMs),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([
        ExtendedKeyUsage.clientAuth,
        ...(serves ? [ExtendedKeyUsage.serverAuth] : []),
      ]),
      new SubjectAlternativeNameExtension(names),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { cert: certificate.toString('pem'), key: await privatePem(keys.privateKey) };
}

/** Whether `authority` has signed this certificate. */
export const isOf = (authority: KeyPair, cert: string): boolean =>
  new NodeCertificate(cert).verify(new NodeCertificate(authority.cert).publicKey);

/** Whether a server with this certificate has these names and addresses, and no other. */
export function servesAs(
  cert: string,
  { hosts = [], addresses = [] }: Pick<LeafOptions, 'hosts' | 'addresses'>,
): boolean {
  const names = new X509Certificate(cert).getExtension(SubjectAlternativeNameExtension)?.names;
  const has = names?.items.filter(({ type }) => type !== 'url').map(({ value }) => value) ?? [];
  return isDeepStrictEqual(new Set(has), new Set([...hosts, ...addresses]));
}

/** When this certificate ends, in milliseconds of the epoch. */
export const endOf = (cert: string): number => new X509Certificate(cert).notAfter.getTime();

const validity = (from: number, forMs: number) => ({
  notBefore: new Date(from - SKEW_MS),
  notAfter: new Date(from + forMs),
});

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

function signingKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [pkcs8] = PemConverter.decode(pem);
  if (pkcs8 === undefined) throw new Error('The key of the authority is no PEM.');
  return webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
}
