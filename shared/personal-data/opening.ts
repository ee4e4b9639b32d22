/** Stored texts as people see them, whether they are sealed, plain or erased. */
import type { Context } from '../kit/context.ts';
import { ERASED, type Person, type PersonalData, type Place } from './personal-data.ts';
import { isPseudonym, pseudonymIn } from './sealing.ts';

/** People by pseudonym. */
export type Owners = ReadonlyMap<string, Person>;

/** The people whom `texts` belong to or name, but for those who are erased. Asks for nobody if none does. */
export async function ownersOf(
  people: Pick<PersonalData, 'ofPseudonyms'>,
  ctx: Context,
  texts: readonly string[],
): Promise<Owners> {
  const owners = new Set<string>();
  for (const text of texts) {
    const owner = isPseudonym(text) ? text : pseudonymIn(text);
    if (owner !== undefined) owners.add(owner);
  }
  return owners.size === 0 ? new Map() : people.ofPseudonyms(ctx, [...owners]);
}

/** A sealed text opened, the name for a pseudonym, and any other text as it is; `ERASED` where that cannot be. */
export function opened(owners: Owners, place: Place, text: string): string {
  if (isPseudonym(text)) return owners.get(text)?.name ?? ERASED;
  const owner = pseudonymIn(text);
  return owner === undefined ? text : (owners.get(owner)?.open(place, text) ?? ERASED);
}

/** A text in JSON that only its person can open, or that names somebody. */
export interface JsonText {
  /** Its path: `order_items.0.name`. */
  readonly field: string;
  readonly text: string;
}

/** Those in `json`, in their sequence; none if it is not JSON. */
export function textsInJson(json: string): readonly JsonText[] {
  if (!/"(sealed|pseudonym):/.test(json)) return [];
  try {
    return [...textsIn(JSON.parse(json), '')];
  } catch {
    return [];
  }
}

function* textsIn(value: unknown, field: string): Generator<JsonText> {
  if (typeof value === 'string') {
    if (isPseudonym(value) || pseudonymIn(value) !== undefined) yield { field, text: value };
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      yield* textsIn(inner, field === '' ? name : `${field}.${name}`);
    }
  }
}

/**
 * `json` of this aggregate with each such text opened. All else stays byte for byte:
 * parsing it would lose digits of numbers.
 */
export function openedJson(owners: Owners, aggregateId: string, json: string): string {
  let shown = json;
  for (const { field, text } of textsInJson(json)) {
    // Neither form holds a character that JSON escapes.
    const said = JSON.stringify(opened(owners, { aggregateId, field }, text));
    shown = shown.replaceAll(`"${text}"`, () => said);
  }
  return shown;
}
