import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const MAX_BYTES = 20 * 1024 * 1024;

/**
 * A child's output on disk, appended to and bounded: past 20 MiB the file becomes
 * `<name>.1` (the one before it is lost) and a new one begins. Writes are
 * synchronous, into the system's page cache, so a line is there even if this
 * process dies the moment after, and nothing queues here. A disk that refuses
 * (full, gone) loses lines, never the process.
 */
export class LogFile {
  readonly path: string;
  #fd: number | undefined;
  #size = 0;

  constructor(path: string) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true });
    this.#open();
  }

  write(text: string): void {
    if (this.#fd === undefined) return;
    try {
      this.#size += writeSync(this.#fd, text);
      if (this.#size > MAX_BYTES) this.#rotate();
    } catch {
      // The log is optional; the child runs on without it.
    }
  }

  /** May be called twice; what is written afterwards is dropped. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): void {
    this.#fd = openSync(this.path, 'a');
    this.#size = statSync(this.path).size;
  }

  #rotate(): void {
    this.close();
    renameSync(this.path, `${this.path}.1`);
    this.#open();
  }
}
