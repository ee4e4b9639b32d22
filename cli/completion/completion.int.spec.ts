import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { testFolder } from '../../stack/testing.ts';
import { type Shell, shells } from './scripts.ts';

const launcher = resolve(import.meta.dirname, '../ordersctl.js');
const run = promisify(execFile);

/** What asks a shell, which has the script, for what may follow these words; one word a line. */
const asks: Readonly<Record<Shell, (script: string, words: string) => readonly string[]>> = {
  bash: (script, words) => [
    '--norc',
    '-c',
    `source "${script}"; COMP_WORDS=(${words} ""); [[ "${words}" == *" " ]] || unset 'COMP_WORDS[-1]'
     COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); _ordersctl; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  // Its completion runs in its editor only, so what it would show is caught where it is told.
  zsh: (script, words) => [
    '-f',
    '-c',
    `compdef() { :; }; _files() { :; }; source "${script}"
     _describe() { print -l -- "\${(@)\${(P)2}%%:*}"; }
     words=(${words} ""); [[ "${words}" == *" " ]] || words[-1]=()
     CURRENT=$#words; _ordersctl`,
  ],
  fish: (script, words) => ['--no-config', '-c', `source "${script}"; complete -C "${words}"`],
};

for (const shell of shells) {
  describe(`completion for ${shell}`, () => {
    let script: string;

    before(async function () {
      if ((await run(shell, ['--version']).catch(() => undefined)) === undefined) {
        console.log(`      skipped: there is no ${shell}`);
        this.skip();
      }
      script = join(await testFolder(), `ordersctl.${shell}`);
      const { stdout } = await run(process.execPath, [launcher, 'completion', shell]);
      await writeFile(script, stdout);
    });

    /** What may follow `words`, as far as it begins with the last of them. */
    async function offered(words: string): Promise<readonly string[]> {
      const { stdout } = await run(shell, [...asks[shell](script, words)]);
      const begun = words.endsWith(' ') ? '' : (words.split(' ').at(-1) ?? '');
      const all = stdout.split('\n').map((line) => line.split('\t')[0] ?? '');
      return all.filter((word) => word !== '' && word.startsWith(begun)).sort();
    }

    it('knows the commands, and those of a group', async () => {
      assert.deepEqual(await offered('ordersctl ca'), ['cancel']);
      assert.deepEqual(
        (await offered('ordersctl dlq ')).filter((word) => !word.startsWith('-')),
        ['close', 'list', 'replay', 'show'],
      );
    });

    it("knows a command's options, and the values of one that has a list", async () => {
      assert.deepEqual(await offered('ordersctl dlq list --st'), ['--state']);
      const states = ['closed', 'parked', 'requested', 'resolved'];
      assert.deepEqual(await offered('ordersctl dlq list --state '), states);
      assert.deepEqual(await offered('ordersctl dlq list --state pa'), ['parked']);
      assert.ok(!(await offered('ordersctl get --')).includes('--state'));
    });
  });
}
