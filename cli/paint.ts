import { styleText } from 'node:util';

/** What is coloured, by what it means. */
const styles = {
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  quiet: 'dim',
  strong: 'bold',
} as const;

/** Puts a text's meaning into colour, or leaves the text as it is. */
export type Paint = (meaning: keyof typeof styles, text: string) => string;

/** No colours: for files, programs and tests. */
export const plain: Paint = (_meaning, text) => text;

/** Colours where standard output is a terminal that wants them (`NO_COLOR` is respected). */
export const terminalPaint: Paint = (meaning, text) =>
  styleText(styles[meaning], text, { stream: process.stdout });
