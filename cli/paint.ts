import { styleText } from 'node:util';

/** Colours by meaning. */
const styles = {
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  quiet: 'dim',
  strong: 'bold',
} as const;

/** Colours a text by its meaning, or returns it unchanged. */
export type Paint = (meaning: keyof typeof styles, text: string) => string;

/** No colours: for files, programs and tests. */
export const plain: Paint = (_meaning, text) => text;

/** Colours if standard output is a terminal that supports them (`NO_COLOR` is respected). */
export const terminalPaint: Paint = (meaning, text) =>
  styleText(styles[meaning], text, { stream: process.stdout });
