/** The words and signs of a SQL statement, without comments; words are in lower case. */

export interface Token {
  readonly kind: 'word' | 'name' | 'text' | 'number' | 'parameter' | 'sign';
  readonly text: string;
  /** How many brackets are open around it. */
  readonly depth: number;
}

const FORMS: readonly (readonly [Token['kind'] | 'nothing', RegExp])[] = [
  ['nothing', /\s+|--[^\n]*|\/\*[\s\S]*?\*\//y],
  ['text', /e?'(?:[^']|'')*'/iy],
  ['name', /"(?:[^"]|"")*"/y],
  ['parameter', /\$\d+/y],
  ['number', /\d+(?:\.\d+)?/y],
  ['word', /[a-z_][a-z0-9_$]*/iy],
  ['sign', /::|<>|<=|>=|\|\||->>|->|@>|<@|@\?|@@|[\s\S]/y],
];

export function tokensOf(sql: string): readonly Token[] {
  const found: Token[] = [];
  let depth = 0;
  for (let at = 0; at < sql.length; ) {
    for (const [kind, form] of FORMS) {
      form.lastIndex = at;
      const [text] = form.exec(sql) ?? [];
      if (text === undefined) continue;
      at += text.length;
      if (text === ')') depth--;
      if (kind !== 'nothing') {
        found.push({ kind, text: kind === 'word' ? text.toLowerCase() : text, depth });
      }
      if (text === '(') depth++;
      break;
    }
  }
  return found;
}
