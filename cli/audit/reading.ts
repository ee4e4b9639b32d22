import { codedError, isKind } from '../../shared/kit/errors.ts';
import type { Book, Findings } from './report.ts';

/**
 * What `work` on a book comes to; undefined where nobody answers for it, which is
 * told as unread, so that the other books are compared all the same.
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
