/** No block of a page is left to rot: each is run, or compared, or says why it is not. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { groups } from '../cli/groups.ts';
import { commandBlocks, runnable, withoutWalkthrough } from './commands.ts';
import { codeBlocks, pages } from './markdown.ts';

/** Who looks at blocks that are no commands: the page, the language, and what fails if it is wrong. */
const compared: readonly (readonly [string, string])[] = [
  // shared/contracts/events-doc.unit.spec.ts reads each as the services do.
  ['docs/events.md', 'json'],
  // .ci/readme-commands compares the answer that is shown with the one it gets.
  ['README.md', 'http'],
  // frame/frame.int.spec.ts runs it.
  ['frame/README.md', 'ts'],
];

describe('the blocks of the pages', () => {
  it('are commands, drawings, or compared with what they show', () => {
    const others = pages().flatMap((page) =>
      codeBlocks(withoutWalkthrough(page))
        .filter(({ language }) => language !== 'sh' && language !== '')
        .filter(
          ({ language }) =>
            !compared.some(([path, known]) => path === page.path && known === language),
        )
        .map(({ language, text }) => `${page.path}: ${language}: ${text.slice(0, 60)}`),
    );
    assert.deepEqual(others, []);
  });

  it('that are commands are run, or say in the line above why they are not', () => {
    const left = commandBlocks().filter(({ notRun }) => notRun !== undefined);
    assert.deepEqual(
      left.map(({ page, text }) => `${page}: ${text.split('\n')[0]}`),
      [
        'CONTRIBUTING.md: npm run test:unit',
        'CONTRIBUTING.md: make mutants',
        'README.md: INTERLEAVINGS=1000000 npx mocha stack/interleavings.int.spec.ts',
        'README.md: make chaos',
        'README.md: make up',
        "docs/cockroachdb.md: export TEST_DATABASE_URL='postgres://root@127.0.0.1:26257/defaultdb?sslmode=disable'",
        'docs/kubernetes.md: kubectl create namespace orders',
        'docs/kubernetes.md: kubectl port-forward --namespace orders deployment/console 3100',
        'docs/performance-orders.md: make bench-orders',
        'docs/performance.md: make bench',
        'docs/scaling.md: STACK_DATA_DIR=.data-1 HTTP_PORT=3001 CONSOLE_PORT=3101 GRPC_PORT=50052 SQL_PORT=26258 \\',
      ],
    );
    // A block whose note has other words would be run.
    const halves = commandBlocks().filter(
      ({ notRun, above }) => notRun === undefined && /\bCI\b/.test(above),
    );
    assert.deepEqual(halves, []);
    assert.ok(runnable().some(({ page }) => page === 'README.md'));
    assert.ok(runnable().some(({ page }) => page === 'CONTRIBUTING.md'));
  });

  it('can be pasted as they stand: shells read them, and nothing is left to be filled in', () => {
    for (const { page, text } of commandBlocks()) {
      for (const shell of ['sh', 'bash']) {
        const read = spawnSync(shell, ['-n'], { input: text, encoding: 'utf8' });
        assert.deepEqual([read.status, read.stderr], [0, ''], `${page}: ${text}`);
      }
      assert.doesNotMatch(text, /<\w[\w ]*>/, `${page}: ${text}`);
    }
    // Some shells take a comment behind a command for more of its words.
    const front = commandBlocks().filter(({ page }) => page === 'README.md');
    for (const { text } of front) assert.doesNotMatch(text, /\s#/, text);
  });

  it('call the command by the name that npm has for this package, and no other', () => {
    for (const { path, text } of pages()) {
      // This one tells why.
      if (path === 'docs/adr/0033-a-name-of-its-own-in-npm.md') continue;
      assert.doesNotMatch(text, /npx orders\b/, `${path}: npx would fetch somebody else's package`);
    }
  });

  it('and so does what programs say', () => {
    const root = join(import.meta.dirname, '..');
    const old = new RegExp(`\\borders (?:${groups.flatMap(({ names }) => names).join('|')})\\b`);
    for (const path of globSync('{cli,services,shared,stack}/**/*.ts', { cwd: root })) {
      // The first bytes of a backup are what they were under the old name.
      if (path.endsWith('.spec.ts') || path === 'cli/backup/frames.ts') continue;
      assert.doesNotMatch(readFileSync(join(root, path), 'utf8'), old, path);
    }
  });
});
