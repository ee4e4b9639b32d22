/** The credentials that the stack makes at its first start, each in a file of its own. */
import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A folder that only its owner may enter. Nothing in it is ever printed. */
export interface CredentialsFolder {
  readonly path: string;
  /** Where a credential lies: `file('nats', 'ordersvc.nk')`. It need not exist. */
  readonly file: (...parts: readonly string[]) => string;
  /**
   * The path of a credential that `make` makes when it is missing. Of several that ask at
   * once, in whichever process, one makes it and all get the same. Throws the system's
   * error.
   */
  readonly once: (name: readonly string[], make: () => string | Uint8Array) => string;
  /** Its content. Throws the system's error. */
  readonly read: (...parts: readonly string[]) => string;
}

/** Random text of 256 bits, for passwords and keys: letters, digits, `-` and `_`. */
export const randomSecret = (): string => randomBytes(32).toString('base64url');

/** Opens the folder, and makes it when it is missing. Throws the system's error. */
export function credentialsFolder(path: string): CredentialsFolder {
  ownOnly(path);
  const file = (...parts: readonly string[]) => join(path, ...parts);
  return {
    path,
    file,
    once: (name, make) => {
      const wanted = file(...name);
      ownOnly(dirname(wanted));
      if (exists(wanted)) return wanted;
      const unfinished = `${wanted}.${randomUUID()}`;
      writeFileSync(unfinished, make(), { mode: 0o600, flag: 'wx' });
      try {
        // Unlike a rename this fails where another was quicker: all use the first.
        linkSync(unfinished, wanted);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      } finally {
        rmSync(unfinished);
      }
      return wanted;
    },
    read: (...parts) => readFileSync(file(...parts), 'utf8'),
  };
}

/** The mode is set once more, because the folder may have been there and umask takes bits away. */
function ownOnly(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
}

function exists(path: string): boolean {
  try {
    return readFileSync(path).length > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
