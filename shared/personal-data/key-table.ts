/** People over a table of keys. */
import { createSecretKey, randomBytes } from 'node:crypto';
import type { Context } from '../kit/context.ts';
import type { Erasure, Person, PersonalData } from './personal-data.ts';
import { KEY_BYTES, newPseudonym, openText, sealText } from './sealing.ts';

/** A row of the table. */
export interface KeyRow {
  readonly pseudonym: string;
  readonly name: string;
  /** The key in base64url. */
  readonly secret: string;
}

/** Where keys are kept: at most one a name. */
export interface KeyTable {
  ofNames(ctx: Context, names: readonly string[]): Promise<readonly KeyRow[]>;
  ofPseudonyms(ctx: Context, pseudonyms: readonly string[]): Promise<readonly KeyRow[]>;
  /** Adds rows, whose names differ. Resolves with the rows of their names, which may be another's. */
  add(ctx: Context, rows: readonly KeyRow[]): Promise<readonly KeyRow[]>;
  /** Deletes the rows of these pseudonyms and records their erasures, all or none; the number of rows. */
  erase(ctx: Context, pseudonyms: readonly string[]): Promise<number>;
  /** All, by pseudonym. */
  erasures(ctx: Context): Promise<readonly Erasure[]>;
}

/** People by name, each call for several at once. */
export interface PeopleByName {
  /** The people of these names, each once; new ones get a key. */
  people(ctx: Context, names: readonly string[]): Promise<ReadonlyMap<string, Person>>;
}

/** The people of `table`. It remembers nobody: see `rememberedPeople`. */
export function peopleOf(table: KeyTable): PersonalData & PeopleByName {
  const byName = (rows: readonly KeyRow[]) => new Map(rows.map((row) => [row.name, personOf(row)]));

  async function people(ctx: Context, names: readonly string[]) {
    const rows = await table.ofNames(ctx, names);
    const known = new Set(rows.map(({ name }) => name));
    const missing = names.filter((name) => !known.has(name));
    if (missing.length === 0) return byName(rows);
    const added = await table.add(ctx, missing.map(newRow));
    return byName([...rows, ...added]);
  }

  return {
    people,
    async person(ctx, name) {
      const person = (await people(ctx, [name])).get(name);
      if (person === undefined) throw new Error('a table that adds a row returned none');
      return person;
    },
    find: async (ctx, name) => byName(await table.ofNames(ctx, [name])).get(name),
    ofPseudonyms: async (ctx, pseudonyms) => {
      if (pseudonyms.length === 0) return new Map();
      const rows = await table.ofPseudonyms(ctx, pseudonyms);
      return new Map(rows.map((row) => [row.pseudonym, personOf(row)]));
    },
    erase: (ctx, pseudonyms) => table.erase(ctx, pseudonyms),
    erasures: (ctx) => table.erasures(ctx),
  };
}

const newRow = (name: string): KeyRow => ({
  name,
  pseudonym: newPseudonym(),
  secret: randomBytes(KEY_BYTES).toString('base64url'),
});

function personOf({ name, pseudonym, secret }: KeyRow): Person {
  const key = createSecretKey(secret, 'base64url');
  return {
    name,
    pseudonym,
    seal: (place, text) => sealText(key, pseudonym, place, text),
    open: (place, sealed) => openText(key, pseudonym, place, sealed),
  };
}
