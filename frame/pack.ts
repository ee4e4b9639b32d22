/**
 * `npm run pack:frame`: makes the tarball of the frame, and prints what is in it. The
 * argument is the folder for it (default: where npm was called); `--json` prints JSON.
 */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { exitCodes } from '../cli/exit-code.ts';
import { describeProblem, SetupProblem } from '../stack/problem.ts';
import { type Packed, packFrame } from './package.ts';

const command = new Command('pack:frame')
  .description('Makes the npm package of the frame, as a tarball. Nothing is published.')
  .argument('[folder]', 'where the tarball goes', '.')
  .option('--json', 'print JSON')
  .exitOverride(({ exitCode }) =>
    process.exit(exitCode === 0 ? exitCodes.done : exitCodes.usedWrongly),
  )
  .parse();

try {
  // npm runs a script in the package's folder, and says here where its caller stands.
  const folder = resolve(process.env.INIT_CWD ?? '.', command.args[0] ?? '.');
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw new SetupProblem(`${folder} is no folder`, 'make it, or name another one');
  }
  const packed = await packFrame(folder);
  const { json } = command.opts<{ json?: true }>();
  console.log(json ? JSON.stringify(packed) : report(packed));
} catch (error) {
  console.error(describeProblem(error));
  process.exitCode = exitCodes.failed;
}

function report({
  name,
  version,
  tarball,
  size,
  unpackedSize,
  files,
  dependencies,
}: Packed): string {
  const kB = (bytes: number) => `${Math.round(bytes / 1000)} kB`;
  return [
    `${name} ${version}: ${files} files, ${kB(size)}, unpacked ${kB(unpackedSize)}`,
    `it depends on ${dependencies.length} packages: ${dependencies.join(', ')}`,
    `npm install ${tarball}`,
  ].join('\n');
}
