/** How a text is sealed: AES-256-GCM, bound to its place. Pure but for random numbers. */
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import type { Place } from './personal-data.ts';

/** The first byte of what is sealed. Another way to seal gets another one. */
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const LEAST_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** The length of a person's key. */
export const KEY_BYTES = 32;

const PSEUDONYM = 'pseudonym:';
const ID = '[\\w-]{22}';

const pseudonyms = new RegExp(`^${PSEUDONYM}${ID}$`);
const sealedText = new RegExp(`^sealed:(${ID}):([\\w-]+)$`);

/** A new pseudonym: 128 random bits, which say nothing of the person. */
export const newPseudonym = (): string => `${PSEUDONYM}${randomBytes(16).toString('base64url')}`;

/** Whether `text` has the form of a pseudonym. */
export const isPseudonym = (text: string): boolean => pseudonyms.test(text);

/** Whose text it is, by pseudonym; undefined for a text that does not have the form of a sealed one. */
export function pseudonymIn(text: string): string | undefined {
  const id = sealedText.exec(text)?.[1];
  return id && PSEUDONYM + id;
}

/** `text` sealed with `key`, as `sealed:<pseudonym's id>:<version, nonce, ciphertext and tag>`. */
export function sealText(key: KeyObject, pseudonym: string, place: Place, text: string): string {
  const nonce = nextNonce();
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound(pseudonym, place));
  const sealed = Buffer.concat([
    Buffer.of(VERSION),
    nonce,
    cipher.update(text, 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return `sealed:${pseudonym.slice(PSEUDONYM.length)}:${sealed.toString('base64url')}`;
}

let nonces = Buffer.alloc(0);
let used = 0;

/** Random bytes that were never given out. Many are drawn at once: one draw takes as long as to seal a text. */
function nextNonce(): Buffer {
  if (used === nonces.length) {
    nonces = randomBytes(NONCE_BYTES * 256);
    used = 0;
  }
  used += NONCE_BYTES;
  return nonces.subarray(used - NONCE_BYTES, used);
}

/** What `sealText` was given; undefined if any of it differs. */
export function openText(
  key: KeyObject,
  pseudonym: string,
  place: Place,
  sealed: string,
): string | undefined {
  const bytes = Buffer.from(sealedText.exec(sealed)?.[2] ?? '', 'base64url');
  if (pseudonymIn(sealed) !== pseudonym) return undefined;
  if (bytes.length < LEAST_BYTES || bytes[0] !== VERSION) return undefined;
  const end = bytes.length - TAG_BYTES;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 1 + NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(bound(pseudonym, place))
      .setAuthTag(bytes.subarray(end));
    return (
      decipher.update(bytes.subarray(1 + NONCE_BYTES, end), undefined, 'utf8') +
      decipher.final('utf8')
    );
  } catch {
    return undefined;
  }
}

/** What the tag covers beside the text. As JSON, so that no two lists have one form. */
const bound = (pseudonym: string, { aggregateId, field }: Place): Buffer =>
  Buffer.from(JSON.stringify([VERSION, pseudonym, aggregateId, field]));
