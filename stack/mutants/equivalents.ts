/** Mutants that do the same as what they stand for, so that no test can notice them. */
export const equivalents: readonly {
  readonly file: string;
  /** A part of what the line became, as the survivors are printed, that it did not have before. */
  readonly change: string;
  /** Why nothing changes. */
  readonly why: string;
}[] = [
  {
    file: 'shared/money/money.ts',
    change: "const [, whole = 'mutated', fraction = '', exponent = '0'] = parts;",
    why: 'the pattern always has digits in front',
  },
  {
    file: 'shared/money/money.ts',
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
    file: 'services/eventstoresvc/log/classify.ts',
    change,
    why: 'an append always has an event',
  })),
  {
    file: 'services/eventstoresvc/log/classify.ts',
    change: 'other.eventId ?? event.eventId}',
    why: 'some event of the append is known, or nothing would be compared',
  },
  ...[
    'event.aggregateId !== events[0].aggregateId ||',
    'event.aggregateType !== events[0].aggregateType',
  ].map((change) => ({
    file: 'services/eventstoresvc/log/event-rules.ts',
    change,
    why: 'inside the loop over events there is a first one',
  })),
  ...[
    "opened(json, '{') + opened(json, '[') >= MAX_DEPTH && depth(json) > MAX_DEPTH;",
    'let count = 1;',
    'let deepest = 1;',
  ].map((change) => ({
    file: 'services/eventstoresvc/log/event-rules.ts',
    change,
    why: 'a little more is counted exactly, and the answer is the same',
  })),
  {
    file: 'services/eventstoresvc/log/event-rules.ts',
    change: 'for (let at = 0; at <= json.length; at++) {',
    why: 'behind its end a text has no bracket',
  },
];
