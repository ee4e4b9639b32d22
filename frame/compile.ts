import { glob, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SetupProblem } from '../stack/problem.ts';
import { runTool } from '../stack/tools.ts';
import { withCompiledImports } from './imports.ts';
import { rooms } from './rooms.ts';

const COMPILE_MS = 120_000;
const root = resolve(import.meta.dirname, '..');

/**
 * Compiles the rooms into `folder`: JavaScript and declarations under the paths of their
 * sources, without specs. `scratch` is a folder for tsc's settings. Rejects where the
 * sources have errors, or import a module of no room.
 */
export async function compile(folder: string, scratch: string): Promise<void> {
  const settings = join(scratch, 'tsconfig.json');
  await writeFile(
    settings,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
        rootDir: root,
        outDir: folder,
        noEmit: false,
        declaration: true,
        rewriteRelativeImportExtensions: true,
      },
      include: rooms.map((room) => join(root, room.folder)),
      exclude: [join(root, '**/*.spec.ts')],
    }),
  );
  const tsc = join(root, 'node_modules/.bin/tsc');
  const compiled = await runTool(tsc, ['-p', settings], { deadlineMs: COMPILE_MS });
  if (!compiled.ok) {
    throw new SetupProblem(`the frame was not compiled: ${compiled.reason}`, 'run make lint');
  }
  for await (const path of glob('**/*.{js,d.ts}', { cwd: folder })) {
    if (!rooms.some((room) => path.startsWith(`${room.folder}/`))) {
      throw new Error(`The frame imports ${path}, whose folder is not among those of rooms.ts.`);
    }
    if (!path.endsWith('.d.ts')) continue;
    const file = join(folder, path);
    await writeFile(file, withCompiledImports(await readFile(file, 'utf8')));
  }
}
