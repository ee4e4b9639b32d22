/** The parts of SQL that the sources hold: what stands between values and other parts. */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseSync } from '@swc/core';

export interface SqlPart {
  /** From the project's root. */
  readonly file: string;
  /** With single blanks. */
  readonly text: string;
}

const root = resolve(import.meta.dirname, '../..');
/** What is sent to a user's database; tests and the bench send what they like. */
const SOURCES = ['cli', 'services', 'shared', 'examples'].map((room) => `${room}/**/*.ts`);
const NOT = /\.spec\.ts$|\/testing\//;

/** Names of what makes a statement of a template. */
const TAGS = new Set(['sql', 'tag', 'tx', 'there']);
/** How statements begin that are made of plain texts. */
const STATEMENT =
  /^\s*(with [\w", ]+ (\(.*\) )?as |select .* from |insert into |update \w+ set |delete from |(create|alter|drop) (role|table|database|default|index) |grant |revoke )/i;
/** Shorter ones are found in anything. */
const TELLING = 24;

export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** The parts that all sources hold. */
export function sqlParts(): readonly SqlPart[] {
  const files = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: root }));
  return files
    .filter((file) => !NOT.test(file) && !file.includes('node_modules'))
    .flatMap((file) =>
      partsOf(readFileSync(join(root, file), 'utf8')).map((text) => ({ file, text })),
    );
}

/** The parts of one source that are long enough to tell a statement by. */
export function partsOf(source: string): readonly string[] {
  if (!/`|'/.test(source)) return [];
  const found: string[] = [];
  look(parseSync(source, { syntax: 'typescript', target: 'es2024' }), found);
  return found.map(oneLine).filter((text) => text.length >= TELLING);
}

function look(node: unknown, found: string[]): void {
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const one of node) look(one, found);
    return;
  }
  const { type, tag, template, quasis, value } = node as Readonly<Record<string, unknown>>;
  if (type === 'TaggedTemplateExpression' && isSql(tag)) {
    found.push(...texts(template));
    look((template as { expressions: unknown }).expressions, found);
    return;
  }
  if (type === 'TemplateLiteral' && Array.isArray(quasis)) {
    const all = texts(node);
    if (STATEMENT.test(oneLine(all.join(' x ')))) found.push(...all);
  }
  if (type === 'StringLiteral' && typeof value === 'string' && STATEMENT.test(value)) {
    found.push(value);
  }
  for (const one of Object.values(node)) look(one, found);
}

function isSql(tag: unknown): boolean {
  const { type, value, expression } = (tag ?? {}) as Readonly<Record<string, unknown>>;
  if (type === 'Identifier') return TAGS.has(String(value));
  return expression !== undefined && isSql(expression);
}

const texts = (template: unknown): string[] =>
  (template as { quasis: readonly { cooked?: string; raw: string }[] }).quasis.map(
    ({ cooked, raw }) => cooked ?? raw,
  );
