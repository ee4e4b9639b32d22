import { gathered } from '../kit/batch/gather.ts';
import type { Context } from '../kit/context.ts';
import type { PeopleByName } from './key-table.ts';
import type { Person, PersonalData } from './personal-data.ts';

export interface RememberedOptions {
  /**
   * So long a person is used without asking, in milliseconds: after an erasure, texts are
   * readable here for so much longer at most.
   */
  readonly forMs: number;
  /** Most people remembered; those asked for longest ago go first. */
  readonly most: number;
  /** Limit for asking, in milliseconds. */
  readonly timeoutMs: number;
}

/** Most people asked for at once. */
const MOST_TOGETHER = 500;

/**
 * `people`, remembered for a while, so that hardly a call asks. Those that must ask at the
 * same time ask together. What is erased through it is forgotten at once.
 */
export function rememberedPeople(
  people: PersonalData & PeopleByName,
  { forMs, most, timeoutMs }: RememberedOptions,
): PersonalData {
  const byName = memory<Person>(most, forMs);
  /** Undefined: erased. No pseudonym is used again. */
  const byPseudonym = memory<Person | undefined>(most, forMs);

  function remember(person: Person, began: number): void {
    byName.set(person.name, person, began);
    byPseudonym.set(person.pseudonym, person, began);
  }

  const named = gathered<string, Person>({
    together: async (ctx, names) => {
      const began = performance.now();
      const found = await people.people(ctx, [...new Set(names)]);
      for (const person of found.values()) remember(person, began);
      return names.map((name) => found.get(name) as Person);
    },
    most: MOST_TOGETHER,
    timeoutMs,
  });

  const looked = gathered<string, Person | undefined>({
    together: async (ctx, pseudonyms) => {
      const began = performance.now();
      const found = await people.ofPseudonyms(ctx, [...new Set(pseudonyms)]);
      for (const pseudonym of pseudonyms) byPseudonym.set(pseudonym, found.get(pseudonym), began);
      return pseudonyms.map((pseudonym) => found.get(pseudonym));
    },
    most: MOST_TOGETHER,
    timeoutMs,
  });

  const ofPseudonym = (ctx: Context, pseudonym: string) => {
    const remembered = byPseudonym.get(pseudonym);
    return remembered === undefined ? looked(ctx, pseudonym) : remembered.value;
  };

  return {
    person: async (ctx, name) => byName.get(name)?.value ?? named(ctx, name),
    find: async (ctx, name) => byName.get(name)?.value ?? people.find(ctx, name),
    ofPseudonyms: async (ctx, pseudonyms) => {
      const found = new Map<string, Person>();
      await Promise.all(
        pseudonyms.map(async (pseudonym) => {
          const person = await ofPseudonym(ctx, pseudonym);
          if (person !== undefined) found.set(pseudonym, person);
        }),
      );
      return found;
    },
    erase: async (ctx, pseudonyms) => {
      const deleted = await people.erase(ctx, pseudonyms);
      byName.clear();
      byPseudonym.clear();
      return deleted;
    },
    erasures: (ctx) => people.erasures(ctx),
  };
}

/** Values that are forgotten `forMs` after they were asked for, and the oldest of more than `most`. */
function memory<T>(most: number, forMs: number) {
  const entries = new Map<string, { readonly value: T; readonly began: number }>();
  return {
    get(key: string): { readonly value: T } | undefined {
      const entry = entries.get(key);
      return entry !== undefined && performance.now() - entry.began < forMs ? entry : undefined;
    },
    set(key: string, value: T, began: number): void {
      entries.delete(key);
      entries.set(key, { value, began });
      if (entries.size <= most) return;
      const oldest = entries.keys().next();
      if (!oldest.done) entries.delete(oldest.value);
    },
    clear: () => entries.clear(),
  };
}
