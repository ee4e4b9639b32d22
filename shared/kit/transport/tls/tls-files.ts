import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { TlsFiles } from '../../process/service-settings.ts';

export type { TlsFiles };

/** The content of those files. */
export interface TlsMaterial {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A program's certificate, which follows its files. */
export interface TlsIdentity {
  readonly current: () => TlsMaterial;
  /**
   * Calls `changed` with new content until the function that it returns is called. While
   * somebody listens the files are looked at each second; that keeps no process alive.
   */
  readonly follow: (changed: (material: TlsMaterial) => void) => () => void;
}

const LOOK_EVERY_MS = 1_000;

/**
 * Reads the files, and follows them, so that a renewed certificate needs no restart. Content
 * that does not fit together (a key is there before its certificate) is not taken; what was
 * read before stays. Throws an Error that says in one line which files are wrong.
 */
export function tlsIdentity(files: TlsFiles, lookEveryMs = LOOK_EVERY_MS): TlsIdentity {
  const listeners = new Set<(material: TlsMaterial) => void>();
  let seen = stamp(files);
  let material = read(files);
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    try {
      const now = stamp(files);
      if (now === seen) return;
      material = read(files);
      seen = now;
    } catch {
      // They are being replaced: look again.
      return;
    }
    for (const changed of [...listeners]) changed(material);
  }

  return {
    current: () => material,
    follow: (changed) => {
      // Nobody looked until now.
      if (listeners.size === 0) look();
      listeners.add(changed);
      timer ??= setInterval(look, lookEveryMs).unref();
      return () => {
        listeners.delete(changed);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}

/** Changes whenever a file does: a new file in its place has another inode. */
const stamp = (files: TlsFiles): string =>
  Object.values({ ca: files.ca, cert: files.cert, key: files.key })
    .map((path) => {
      const { mtimeMs, size, ino } = statSync(path, { throwIfNoEntry: false }) ?? {};
      return `${mtimeMs} ${size} ${ino}`;
    })
    .join(' ');

function read(files: TlsFiles): TlsMaterial {
  const material = { ca: part(files.ca), cert: part(files.cert), key: part(files.key) };
  try {
    createSecureContext(material);
  } catch (cause) {
    const { ca, cert, key } = files;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${cert}, ${key} and ${ca} are not a certificate, its key and a CA: ${why}`, {
      cause,
    });
  }
  return material;
}

function part(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
