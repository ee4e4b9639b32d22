import { codedError, isKind } from '../../shared/kit/errors.ts';
import type { Book, Findings } from './report.ts';

/**
 * The result of `work` on a book; undefined if the book cannot be read, which is
 * reported as unread, so that the other books are still compared.
 */
export async function reading<T>(
  findings: Pick<Findings, 'unread'>,
  book: Book,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isKind(error, 'unavailable', 'timeout', 'overloaded')) throw error;
    findings.unread(book, codedError(error).message);
    return undefined;
  }
}
