import type { Book } from './report.ts';

/** Told of the book that is being read, and how much of it: things read, and how many there are, where that is known. */
export type Progress = (book: Book, done: number, of?: number) => void;

/** Calls `told` for every thousandth. */
export function counting(told: (done: number) => void): () => void {
  let count = 0;
  return () => {
    if (++count % 1_000 === 0) told(count);
  };
}
