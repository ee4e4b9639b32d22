import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Words } from './words.ts';

/** What the words of a template stand for. */
export interface Filling {
  /** Replaces `sample owner`, in each of its forms: whose files these are. */
  readonly owner?: Words;
  /** Replaces `sample event`, in each of its forms. */
  readonly event?: Words;
  /** Other texts, and what replaces each. */
  readonly others?: Readonly<Record<string, string>>;
  /** What replaces the line `// generator: <name>`; without one it is removed. */
  readonly lines?: Readonly<Record<string, string>>;
}

const forms = (two: string, { kebab, camel, pascal, snake, upper, spoken, flat }: Words) => {
  const [first = '', second = ''] = two.split(' ');
  const capital = second.charAt(0).toUpperCase() + second.slice(1);
  return [
    [`${first}-${second}`, kebab],
    [`${first}${capital}`, camel],
    [`S${first.slice(1)}${capital}`, pascal],
    [`${first}_${second}`, snake],
    [`${first}_${second}`.toUpperCase(), upper],
    [two, spoken],
    [`${first}${second}`, flat],
  ] as const;
};

/**
 * The text of a template, filled in. Templates are files that compile where they
 * are, one folder deeper than a service; so imports lose one step.
 */
export function filled(path: string, filling: Filling): string {
  const { owner, event, others = {}, lines = {} } = filling;
  const text = readFileSync(join(import.meta.dirname, 'templates', path), 'utf8');
  const pairs = [
    ...Object.entries(others),
    ...(owner ? forms('sample owner', owner) : []),
    ...(event ? forms('sample event', event) : []),
  ];
  return pairs
    .reduce((now, [from, to]) => now.replaceAll(from, to), text)
    .replace(/^ *\/\/ generator: (\w+)\n/gm, (_line, name: string) => lines[name] ?? '')
    .replaceAll("'../../../services/", "'../")
    .replaceAll("'../../../", "'../../");
}
