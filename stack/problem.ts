/**
 * Something about this machine keeps the stack from starting, and the reader
 * can mend it. Shown as one line, without a stack trace.
 */
export class SetupProblem extends Error {
  /** What to do about it; a sentence part that reads well after an arrow. */
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SetupProblem';
    this.remedy = remedy;
  }
}

/** The one line: what is wrong and, where it is known, the remedy. */
export function describeProblem(error: unknown): string {
  if (error instanceof SetupProblem) return `${error.message} → ${error.remedy}`;
  return error instanceof Error ? error.message : String(error);
}
