import { Refusal } from './refusal.ts';

/** A name in each form that code needs. */
export interface Words {
  /** `sold-out`: files, durables, paths. */
  readonly kebab: string;
  /** `soldOut`: values. */
  readonly camel: string;
  /** `SoldOut`: types. */
  readonly pascal: string;
  /** `sold_out`: spans, metrics, fields of JSON. */
  readonly snake: string;
  /** `SOLD_OUT`: environment variables. */
  readonly upper: string;
  /** `soldout`: folders, types of events. */
  readonly flat: string;
  /** `sold out`: texts. */
  readonly spoken: string;
}

const LONGEST = 30;

/** Words that may not name a value in JavaScript. */
const reserved = new Set(
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield'.split(
    ' ',
  ),
);

/** The forms of `name`, which is words in lower case joined by hyphens. Throws Refusal. */
export function wordsOf(name: string): Words {
  if (name.length > LONGEST || !/^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/.test(name)) {
    throw new Refusal(
      `"${name}" is not a plain name`,
      `use words of a-z and 0-9 joined by hyphens, at most ${LONGEST} characters, such as sold-out`,
    );
  }
  if (reserved.has(name)) throw new Refusal(`"${name}" is a word of JavaScript`, 'use another');
  const words = name.split('-');
  const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
  const pascal = words.map(capital).join('');
  return {
    kebab: name,
    camel: pascal.charAt(0).toLowerCase() + pascal.slice(1),
    pascal,
    snake: words.join('_'),
    upper: words.join('_').toUpperCase(),
    flat: words.join(''),
    spoken: words.join(' '),
  };
}
