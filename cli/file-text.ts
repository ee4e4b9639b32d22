import { readFile } from 'node:fs/promises';
import { UsageError } from './option.ts';

/** The text of a file that somebody has named. Throws UsageError with `what` it was named for, and why it cannot be read. */
export async function fileText(what: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${what}: ${(error as Error).message}`);
  }
}
