/**
 * What CockroachDB documents to take of PostgreSQL's SQL, as rules on one statement. Each says
 * where it is documented; none was tried on a CockroachDB.
 */
import { type Token, tokensOf } from './tokens.ts';

/** What of a statement is not known to run on CockroachDB, in words; empty if all of it is. */
export function offences(sql: string): readonly string[] {
  const tokens = tokensOf(sql);
  return rules.flatMap((rule) => rule(tokens));
}

type Rule = (tokens: readonly Token[]) => readonly string[];

/** Words in a row that CockroachDB refuses, or takes without doing what PostgreSQL does. */
const REFUSED = [
  ['merge', 'into'],
  ['listen'],
  ['notify'],
  ['vacuum'],
  ['lock', 'table'],
  ['tablesample'],
  ['grouping', 'sets'],
  ['nulls', 'not', 'distinct'],
  ['using', 'brin'],
  ['collate'],
  ['partition', 'of'],
  ['returning', '*'],
  ['select', '*'],
  ['on', 'conflict', 'do', 'update'],
  ['begin'],
  ['savepoint'],
  // Decimals there, whole numbers here.
  ['/'],
  ['@?'],
  ['@@'],
] as const;

const refusedWords: Rule = (tokens) =>
  REFUSED.filter((words) =>
    tokens.some((_token, at) => words.every((word, n) => tokens[at + n]?.text === word)),
  ).map((words) => `it has ${words.join(' ')}`);

/**
 * Functions that both have (CockroachDB's page "Functions and operators"), and that mean the
 * same. Not among them: advisory locks, which are stubs there, `make_interval`, `uuidv7`.
 */
const FUNCTIONS = new Set(
  `abs array_agg avg bool_and bool_or chr clock_timestamp coalesce count current_schema exists extract generate_series
   greatest jsonb_agg jsonb_array_elements jsonb_build_object jsonb_each least left length lower
   max min now nullif octet_length row_number split_part string_agg string_to_array sum unnest
   upper version`.split(/\s+/),
);

/** Words before a bracket that are no functions. */
const NO_FUNCTIONS = new Set(
  `all and any array as by cast check conflict else exists filter from in index insert into is join key materialized
   not on or over partition primary references select set then unique using values when where with
   union returning lateral except intersect limit having case order`.split(/\s+/),
);

const functions: Rule = (tokens) =>
  tokens.flatMap(({ kind, text }, at) => {
    if (kind !== 'word' || tokens[at + 1]?.text !== '(') return [];
    if (NO_FUNCTIONS.has(text) || FUNCTIONS.has(text) || namesATable(tokens, at)) return [];
    return [`it calls ${text}(), which is not on the list`];
  });

/** `insert into orders (…)`, `create index … on orders (…)`, `with head (…) as`, `x as i (a, b)`. */
function namesATable(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1]?.text ?? '';
  return ['into', 'table', 'on', 'exists', 'as', 'with', 'references', ',', '.'].includes(before)
    ? before !== ',' && before !== 'as'
      ? true
      : isColumnsOf(tokens, at)
    : false;
}

/** Whether the bracket after `at` has names alone. */
function isColumnsOf(tokens: readonly Token[], at: number): boolean {
  const depth = tokens[at + 1]?.depth ?? 0;
  for (const token of tokens.slice(at + 2)) {
    if (token.depth === depth && token.text === ')') return true;
    if (token.kind !== 'word' && token.kind !== 'name' && token.text !== ',') return false;
  }
  return false;
}

/** Types that both have with one meaning: `int` has eight bytes there, and four here (page "INT"). */
const TYPES = new Set(
  'bool boolean bytea date float8 int4 int8 interval jsonb name numeric text timestamptz uuid'.split(
    ' ',
  ),
);

const types: Rule = (tokens) =>
  tokens.flatMap(({ text }, at) => {
    const type = tokens[at + 1]?.text ?? '';
    return text === '::' && !TYPES.has(type) ? [`it casts to ${type}`] : [];
  });

/** Without a cast PostgreSQL takes a text where CockroachDB fails (cockroach issue 41558). */
const parameters: Rule = (tokens) =>
  tokens.flatMap(({ kind, text }, at) =>
    kind === 'parameter' && tokens[at + 1]?.text !== '::' ? [`${text} is not cast`] : [],
  );

interface Mutation {
  readonly verb: string;
  readonly table: string;
  readonly depth: number;
}

function mutationsOf(tokens: readonly Token[]): readonly Mutation[] {
  return tokens.flatMap(({ kind, text, depth }, at): Mutation[] => {
    if (kind !== 'word') return [];
    const before = tokens[at - 1]?.text ?? '';
    const next = (by: number) => tokens[at + by]?.text ?? '';
    if (text === 'insert' && next(1) === 'into') return [{ verb: text, table: next(2), depth }];
    if (text === 'delete' && next(1) === 'from') return [{ verb: text, table: next(2), depth }];
    // Not `for update`, `do update`, `grant select, update on`.
    const begins = ['', '(', ')', ';'].includes(before);
    return text === 'update' && begins ? [{ verb: text, table: next(1), depth }] : [];
  });
}

/** Refused with 0A000, unless all of them insert without ON CONFLICT (cockroach issue 70976). */
const oneMutationATable: Rule = (tokens) => {
  const conflict = tokens.some(({ text }) => text === 'conflict');
  const byTable = Map.groupBy(mutationsOf(tokens), ({ table }) => table);
  return [...byTable].flatMap(([table, all]) =>
    all.length > 1 && (conflict || all.some(({ verb }) => verb !== 'insert'))
      ? [`it changes ${table} more than once`]
      : [],
  );
};

/** Allowed at the top of a statement alone (page "Common table expressions"). */
const mutationsAtTheTop: Rule = (tokens) =>
  mutationsOf(tokens)
    .filter(({ depth }) => depth > 1)
    .map(({ verb, table }) => `${verb} ${table} is not at the top`);

const rules: readonly Rule[] = [
  refusedWords,
  functions,
  types,
  parameters,
  oneMutationATable,
  mutationsAtTheTop,
];
