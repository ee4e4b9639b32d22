import type { Book } from './report.ts';

/** Called with the book that is being read, the number of things read, and their total if known. */
export type Progress = (book: Book, done: number, of?: number) => void;

/** Calls `told` for every thousandth. */
export function counting(told: (done: number) => void): () => void {
  let count = 0;
  return () => {
    if (++count % 1_000 === 0) told(count);
  };
}
