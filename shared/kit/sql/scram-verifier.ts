import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/** PostgreSQL's and CockroachDB's own number. More would make each login slower. */
const ITERATIONS = 4_096;

/**
 * What a server keeps of `password` to check logins by SCRAM, in the form that `alter role …
 * password` takes: so the password itself is in no statement, and in no server's log.
 */
export function scramVerifier(password: string, salt: Uint8Array = randomBytes(16)): string {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, ITERATIONS, 32, 'sha256');
  const signed = (text: string) => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(signed('Client Key')).digest('base64');
  const ofServer = signed('Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${Buffer.from(salt).toString('base64')}$${stored}:${ofServer}`;
}
