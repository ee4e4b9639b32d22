/** docs/security.md tells the rights that the code has. WRITE_DOCS=true writes its tables. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './markdown.ts';
import { withRights } from './rights.ts';

describe('docs/security.md', () => {
  it('tells who may do what as the code has it', () => {
    const path = join(root, 'docs/security.md');
    const made = withRights(readFileSync(path, 'utf8'));
    if (process.env.WRITE_DOCS === 'true') writeFileSync(path, made);
    assert.equal(
      readFileSync(path, 'utf8'),
      made,
      'WRITE_DOCS=true npx mocha docs/rights.unit.spec.ts writes it',
    );
  });
});
