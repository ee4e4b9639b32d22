import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';

/** How long the value of a file is taken for current, in milliseconds. */
const FRESH_MS = 1_000;
const SHOWN = '***';

/**
 * A text that only its user may see: wherever it is printed, logged or serialized it shows as
 * `***`. One that lies in a file follows the file, so a new password needs no restart.
 */
export class Secret {
  readonly #read: () => string;

  private constructor(read: () => string) {
    this.#read = read;
  }

  /** A secret with a value that does not change. */
  static of(value: string): Secret {
    return new Secret(() => value);
  }

  /**
   * The secret in this file, without the line's end. A change is seen within a second; while
   * the file is missing or empty, the last value counts. Throws the system's error if it
   * cannot be read now, and an Error that names the file if it is empty.
   */
  static inFile(path: string, now: () => number = () => performance.now()): Secret {
    const read = () => readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    let value = read();
    if (value === '') throw new Error(`${path} is empty`);
    let readAt = now();
    return new Secret(() => {
      if (now() - readAt < FRESH_MS) return value;
      readAt = now();
      try {
        value = read() || value;
      } catch {
        // It is being replaced, perhaps.
      }
      return value;
    });
  }

  /** The value, for who sends or compares it. Never keep it: it may change. */
  reveal(): string {
    return this.#read();
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
