/** What a query of Prometheus names. */

/** Words of the language that no parenthesis follows. */
const words = new Set(['and', 'or', 'unless', 'on', 'ignoring', 'by', 'without', 'bool']);

/** A selector in a query: a metric, and the labels that it is asked by. */
export interface Selected {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** Every selector of `expression`. Labels after `by` belong to the last ones: see `grouped`. */
export function selected(expression: string): readonly Selected[] {
  const plain = expression
    .replaceAll(/\b(?:by|on|ignoring|without)\s*\([^)]*\)/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ');
  return [...plain.matchAll(/([a-zA-Z_:][\w:]*)\s*(\{[^}]*\}|\()?/g)]
    .filter(([, name = '', after]) => after !== '(' && !words.has(name))
    .map(([, metric = '', matchers = '']) => ({
      metric,
      labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label),
    }));
}

/** The labels by which `expression` groups. */
export const grouped = (expression: string): readonly string[] =>
  [...expression.matchAll(/\bby\s*\(([^)]*)\)/g)].flatMap(([, labels = '']) =>
    labels.split(',').map((label) => label.trim()),
  );
