import { isBuiltin } from 'node:module';

/** `import … from`, `export … from`, `import '…'` at the start of a line, and `import('…')` anywhere. */
const imports =
  /^(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"\n]+)|^import\s*['"]([^'"\n]+)|\bimport\(\s*['"]([^'"\n]+)/gm;

/** What a module that tsc wrote imports, each once. An import that stands in a comment counts too. */
export function importsOf(text: string): readonly string[] {
  const found = [...text.matchAll(imports)].map(
    ([, from, bare, called]) => from ?? bare ?? called ?? '',
  );
  return [...new Set(found)];
}

/** The package that an import needs: `node` for what Node brings, undefined for a file beside the importer. */
export function packageOf(specifier: string): string | undefined {
  if (/^\.{1,2}\//.test(specifier)) return undefined;
  if (isBuiltin(specifier)) return 'node';
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** `.ts` at the end of a relative import in declarations, which tsc leaves as it is, becomes `.js`. */
export function withCompiledImports(declarations: string): string {
  return declarations.replace(/(['"])(\.{1,2}\/[^'"\n]+)\.ts\1/g, '$1$2.js$1');
}
