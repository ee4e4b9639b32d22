/** Mutants that do the same as what they stand for, so that no test can notice them. */
export const equivalents: readonly {
  readonly file: string;
  /** The line as it is and as it became, as the survivors are printed. */
  readonly change: string;
  /** Why nothing changes. */
  readonly why: string;
}[] = [];
