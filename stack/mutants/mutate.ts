/** Small changes to a program's text that a test should notice. */
import { parseSync } from '@swc/core';

/** One change: at `start` (bytes of the source in UTF-8), `length` bytes become `text`. */
export interface Mutant {
  readonly start: number;
  readonly length: number;
  readonly text: string;
  /** In one word or two. */
  readonly what: string;
}

/** As much as is looked at of a node of the syntax tree. */
interface Node {
  readonly type: string;
  readonly span: { readonly start: number; readonly end: number };
  readonly [property: string]: unknown;
}

const swapped: Readonly<Record<string, readonly string[]>> = {
  '===': ['!=='],
  '!==': ['==='],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
};

const otherMethod: Readonly<Record<string, string>> = {
  some: 'every',
  every: 'some',
  min: 'max',
  max: 'min',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
  floor: 'ceil',
  ceil: 'floor',
};

/** Methods without which the value that they are called on is left. */
const leftOut: readonly string[] = ['filter', 'slice', 'trim', 'toSorted', 'sort', 'toReversed'];

/**
 * All mutants of a TypeScript source, in the order of their places. Texts for
 * people (those with a blank in them) are left alone: tests should not hold every word.
 */
export function mutantsOf(source: string): Mutant[] {
  // The empty statement in front shows where the parser starts to count.
  const tree = parseSync(`;${source}`, { syntax: 'typescript', target: 'es2024' });
  const first = tree.body[0]?.span.start ?? 1;
  const bytes = Buffer.from(source);
  const found: Mutant[] = [];
  const place = ({ span }: Node) => ({ from: span.start - first - 1, to: span.end - first - 1 });
  const textAt = (from: number, to: number) => bytes.toString('utf8', from, to);
  const replace = (node: Node, text: string, what: string) => {
    const { from, to } = place(node);
    if (textAt(from, to) !== text) found.push({ start: from, length: to - from, text, what });
  };

  function between(left: Node, right: Node, operator: string): void {
    const from = place(left).to;
    const at = textAt(from, place(right).from).indexOf(operator);
    for (const text of at === -1 ? [] : (swapped[operator] ?? [])) {
      // Behind the left side come blanks and brackets, a byte each.
      const start = from + at;
      found.push({ start, length: operator.length, text, what: `${operator} → ${text}` });
    }
  }

  /** Takes an element out of a list of them, with the comma behind it. */
  function takeOut(element: Node): void {
    const { from, to } = place(element);
    const comma = /^\s*,/.exec(textAt(to, bytes.length))?.[0].length ?? 0;
    found.push({ start: from, length: to - from + comma, text: '', what: 'property left out' });
  }

  function mutate(node: Node): void {
    switch (node.type) {
      case 'BinaryExpression':
        between(node.left as Node, node.right as Node, node.operator as string);
        break;
      case 'UnaryExpression':
        if (node.operator === '!') {
          const { from, to } = place(node.argument as Node);
          replace(node, textAt(from, to), '! left out');
        }
        break;
      case 'UpdateExpression': {
        const { from, to } = place(node);
        const text = textAt(from, to);
        replace(
          node,
          text.replace(/\+\+|--/, (op) => (op === '++' ? '--' : '++')),
          '++ ↔ --',
        );
        break;
      }
      case 'AssignmentExpression':
        if (node.operator === '+=' || node.operator === '-=') {
          const { from, to } = place(node);
          const [now, then] = node.operator === '+=' ? ['+=', '-='] : ['-=', '+='];
          replace(node, textAt(from, to).replace(now, then), `${now} → ${then}`);
        }
        break;
      case 'ConditionalExpression':
      case 'IfStatement':
        replace(node.test as Node, 'true', 'always');
        replace(node.test as Node, 'false', 'never');
        break;
      case 'BooleanLiteral':
        replace(node, String(!node.value), 'the opposite');
        break;
      case 'NumericLiteral':
        replace(node, `${(node.value as number) + 1}`, 'one more');
        break;
      case 'BigIntLiteral': {
        const { from, to } = place(node);
        replace(node, `${BigInt(textAt(from, to - 1)) + 1n}n`, 'one more');
        break;
      }
      case 'StringLiteral':
        if (!/\s/.test(node.value as string)) {
          replace(node, node.value === '' ? "'mutated'" : "''", 'another text');
        }
        break;
      case 'ArrayExpression':
        if ((node.elements as unknown[]).length > 0) replace(node, '[]', 'empty');
        break;
      case 'ObjectExpression':
        for (const property of node.properties as Node[]) {
          // Left out it would be the same.
          if ((property.value as Node | undefined)?.value === 'undefined') continue;
          takeOut(spanned(property));
        }
        break;
      case 'ExpressionStatement':
        if (!/Literal$/.test((node.expression as Node).type)) replace(node, ';', 'left out');
        break;
      case 'ThrowStatement':
        replace(node, ';', 'not thrown');
        break;
      case 'CallExpression':
        mutateCall(node);
        break;
      case 'OptionalChainingExpression': {
        const { from, to } = place(node);
        const at = textAt(from, to).lastIndexOf('?.');
        const base = node.base as Node;
        if (base.type === 'MemberExpression' && at !== -1) {
          const inner = place(base.object as Node).to - from;
          const rest = textAt(from, to).slice(inner).replace('?.', '.');
          replace(node, `${textAt(from, from + inner)}${rest}`, '?. → .');
        }
        break;
      }
      default:
    }
  }

  function mutateCall(node: Node): void {
    const callee = node.callee as Node;
    if (callee.type !== 'MemberExpression') return;
    const property = callee.property as Node;
    const name = property.value as string;
    const other = otherMethod[name];
    if (other !== undefined) replace(property, other, `${name} → ${other}`);
    if (leftOut.includes(name)) {
      const { from, to } = place(callee.object as Node);
      replace(node, textAt(from, to), `${name} left out`);
    }
  }

  function walk(value: unknown): void {
    if (Array.isArray(value)) {
      for (const element of value) walk(element);
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    const node = value as Node;
    if (typeof node.type === 'string' && isNoCode(node)) return;
    if (typeof node.type === 'string' && node.span !== undefined) mutate(node);
    for (const [name, child] of Object.entries(node)) {
      if (name === 'span' || (name === 'key' && isPlainName(child))) continue;
      walk(child);
    }
  }

  walk(tree.body);
  return found.sort((a, b) => a.start - b.start || a.text.localeCompare(b.text));
}

/** `source` with the change. */
export function mutated(source: string, { start, length, text }: Mutant): string {
  const bytes = Buffer.from(source);
  return bytes.toString('utf8', 0, start) + text + bytes.toString('utf8', start + length);
}

/** Types, and what names modules. */
function isNoCode({ type, ...node }: Node): boolean {
  const codeOfTypes = ['TsAsExpression', 'TsSatisfiesExpression', 'TsNonNullExpression'];
  if (type.startsWith('Ts')) return !codeOfTypes.includes(type) && type !== 'TsConstAssertion';
  return type === 'ImportDeclaration' || type === 'ExportAllDeclaration' || node.declare === true;
}

const isPlainName = (key: unknown): boolean =>
  ['Identifier', 'StringLiteral'].includes((key as Node | undefined)?.type ?? '');

/** Not every property has a span of its own: it then goes from its name to its value. */
function spanned(property: Node): Node {
  if (property.span !== undefined) return property;
  if (property.type === 'SpreadElement') {
    const spread = property.spread as Node['span'];
    return {
      ...property,
      span: { start: spread.start, end: (property.arguments as Node).span.end },
    };
  }
  const [from, to] = [property.key as Node, property.value as Node];
  return { ...property, span: { start: from.span.start, end: to.span.end } };
}
