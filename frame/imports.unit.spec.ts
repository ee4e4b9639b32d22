import assert from 'node:assert/strict';
import { importsOf, packageOf, withCompiledImports } from './imports.ts';

describe('imports of compiled modules', () => {
  it('are found in every form that tsc writes', () => {
    const text = [
      "import { a } from './a.js';",
      'import type { b } from "b";',
      'import {',
      '  c,',
      "} from '@c/d/e';",
      "import f, * as g from 'node:fs';",
      "import 'h';",
      "export * from 'i';",
      "export { j } from './j.js';",
      "export const k = 'from';",
      "export declare const l: import('m').N;",
      "const o = await import('p');",
      "const q = { from: 'r' };",
      "import { a as again } from './a.js';",
    ].join('\n');
    const found = ['./a.js', 'b', '@c/d/e', 'node:fs', 'h', 'i', './j.js', 'm', 'p'];
    assert.deepEqual(importsOf(text), found);
  });

  it('name the package that they need', () => {
    const packages = ['./a.js', '../b.js', 'node:fs', 'http2', 'c/d', '@e/f/g'].map(packageOf);
    assert.deepEqual(packages, [undefined, undefined, 'node', 'node', 'c', '@e/f']);
  });

  it('lead to compiled files from declarations too', () => {
    const declarations =
      "import type { A } from '../a.ts';\nexport declare const b: import(\"./b.ts\").B; // './' 'c.ts'";
    assert.equal(
      withCompiledImports(declarations),
      "import type { A } from '../a.js';\nexport declare const b: import(\"./b.js\").B; // './' 'c.ts'",
    );
  });
});
