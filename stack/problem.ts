import { shownLines, withoutCredentials } from '../shared/kit/shown.ts';

/**
 * Something about this machine keeps the stack from starting, and the reader
 * can fix it. Shown as one line, or as a list with a line each, without a stack trace.
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

/** What the system's refusals mean to a person, and what is to be done. */
const refusals: Readonly<Record<string, readonly [string, string]>> = {
  ENOSPC: ['the disk is full', 'free disk space, or set STACK_DATA_DIR to another folder'],
  EDQUOT: ['the quota is used up', 'free disk space, or set STACK_DATA_DIR to another folder'],
  EROFS: ['it is not writable', 'set STACK_DATA_DIR to a folder that is'],
  EACCES: [
    'this user may not do that',
    'change its owner, or set STACK_DATA_DIR to another folder',
  ],
  EPERM: ['this user may not do that', 'change its owner, or set STACK_DATA_DIR to another folder'],
  ENOTDIR: ['there is a file in the way', 'set STACK_DATA_DIR to a folder'],
  EEXIST: ['there is a file in the way', 'set STACK_DATA_DIR to a folder'],
  ENAMETOOLONG: ['the path is too long', 'set STACK_DATA_DIR to a shorter one'],
  EMFILE: ['too many files are open', 'raise the limit: ulimit -n 4096'],
  ENFILE: ['too many files are open', "raise the system's limit"],
  EAGAIN: ['too many processes run', 'raise the limit: ulimit -u'],
  ENOMEM: ['there is not enough memory', 'stop other programs'],
};

/** The error as a problem of this machine, if it is one: a refusal of the system. */
export function asProblem(error: unknown, what?: string): SetupProblem | undefined {
  if (error instanceof SetupProblem) return error;
  const { code, path } = (error ?? {}) as NodeJS.ErrnoException;
  const known = refusals[code ?? ''];
  if (known === undefined) return undefined;
  const [meaning, remedy] = known;
  return new SetupProblem(
    `${what ?? path ?? (error as Error).message}: ${meaning} (${code})`,
    remedy,
    {
      cause: error,
    },
  );
}

/** One line: what is wrong and, where it is known, the remedy; after a list that is a line of its own. */
export function describeProblem(error: unknown): string {
  const problem = asProblem(error);
  if (problem !== undefined) {
    const { message, remedy } = problem;
    return presentable(`${message}${message.includes('\n') ? '\n' : ' '}→ ${remedy}`);
  }
  return presentable(error instanceof Error ? error.message : String(error));
}

/** Servers have a say in it, and addresses. */
const presentable = (text: string): string => shownLines(withoutCredentials(text));
