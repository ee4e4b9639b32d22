/** Mutants that do the same as what they stand for, so that no test can notice them. */
export const equivalents: readonly {
  readonly file: string;
  /** The line as it is and as it became, as the survivors are printed. */
  readonly change: string;
  /** Why nothing changes. */
  readonly why: string;
}[] = [
  {
    file: 'shared/domain/money.ts',
    change: "const [, whole = 'mutated', fraction = '', exponent = '0'] = parts;",
    why: 'the pattern always has digits in front',
  },
  {
    file: 'shared/domain/money.ts',
    change: "const [, whole = '', fraction = '', exponent = ''] = parts;",
    why: 'Number of an empty text is 0, too',
  },
  ...[
    "?? {  aggregateId: '' };",
    "?? { aggregateType: '',  };",
    "?? { aggregateType: 'mutated', aggregateId: '' };",
    "?? { aggregateType: '', aggregateId: 'mutated' };",
    "if (false) return new RangeError('an append without events');",
  ].map((change) => ({
    file: 'services/eventstoresvc/classify.ts',
    change,
    why: 'an append always has an event',
  })),
];
