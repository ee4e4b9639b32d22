/**
 * Texts about people that can be erased: each person has a key, the texts are stored
 * sealed with it, and deleting the key erases them in every copy, those that
 * cannot be changed too. A person is called by a pseudonym there, which is random, so that
 * without the row of the key nothing leads from it to the person.
 */
import type { Context } from '../kit/context.ts';

/** Where a sealed text belongs; it opens nowhere else. */
export interface Place {
  readonly aggregateId: string;
  /** What names it within the aggregate: `order_items.0.name`. Frozen. */
  readonly field: string;
}

/** Somebody whose texts are readable. */
export interface Person {
  /** As given when the key was made. */
  readonly name: string;
  /** What the person is called wherever anything is stored. */
  readonly pseudonym: string;
  /** `text` sealed for `place`. Each call gives another one. A lone half of a surrogate pair does not survive. */
  seal(place: Place, text: string): string;
  /** The text; undefined if it was sealed for another place or person, or is damaged. */
  open(place: Place, sealed: string): string | undefined;
}

/** A person that was erased. */
export interface Erasure {
  readonly pseudonym: string;
  /** By the database's clock. */
  readonly erasedAt: Date;
}

/** The keys of people. Each method rejects with `unavailable` or `timeout` if they cannot be reached. */
export interface PersonalData {
  /** The person of this name, with a new key if there is none: the same one for all callers at once. */
  person(ctx: Context, name: string): Promise<Person>;
  /** The person of this name; undefined if there is none, or none any more. */
  find(ctx: Context, name: string): Promise<Person | undefined>;
  /** Those of these pseudonyms that are not erased. */
  ofPseudonyms(ctx: Context, pseudonyms: readonly string[]): Promise<ReadonlyMap<string, Person>>;
  /**
   * Deletes the keys of these pseudonyms for good, and records the erasures, also of keys
   * that are not there. May be repeated: the first time stays. Resolves with how many keys
   * were deleted. The next person of the same name is somebody else.
   */
  erase(ctx: Context, pseudonyms: readonly string[]): Promise<number>;
  /** All erasures, by pseudonym. */
  erasures(ctx: Context): Promise<readonly Erasure[]>;
}

/** What is shown in place of a text that cannot be opened any more. */
export const ERASED = 'erased';
