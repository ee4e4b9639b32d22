import { cp, glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SetupProblem } from '../stack/problem.ts';
import { runTool } from '../stack/tools.ts';
import { compile } from './compile.ts';
import { importsOf, packageOf } from './imports.ts';
import { manifestOf, type RootManifest } from './manifest.ts';
import { copied } from './rooms.ts';

const root = resolve(import.meta.dirname, '..');

/** A tarball of the frame. */
export interface Packed {
  readonly name: string;
  readonly version: string;
  /** Its absolute path. */
  readonly tarball: string;
  /** Of the tarball, in bytes. */
  readonly size: number;
  /** Of all its files, in bytes. */
  readonly unpackedSize: number;
  readonly files: number;
  readonly dependencies: readonly string[];
}

/**
 * Packs the frame into `folder`, which exists; a tarball of the same version is
 * replaced. What is made on the way is removed. Rejects where the sources have errors.
 */
export async function packFrame(folder: string): Promise<Packed> {
  const scratch = await mkdtemp(join(tmpdir(), 'frame-'));
  try {
    const content = join(scratch, 'package');
    await compile(content, scratch);
    for await (const path of glob([...copied], { cwd: root })) {
      await cp(join(root, path), join(content, path));
    }
    await cp(join(root, 'frame/README.md'), join(content, 'README.md'));
    await cp(join(root, 'LICENSE'), join(content, 'LICENSE'));
    const manifest = await readFile(join(root, 'package.json'), 'utf8');
    const made = manifestOf(JSON.parse(manifest) as RootManifest, {
      code: await packages(content, '**/*.js'),
      types: await packages(content, '**/*.d.ts'),
    });
    await writeFile(join(content, 'package.json'), `${JSON.stringify(made, null, 2)}\n`);
    return await pack(content, folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The packages that the files of `pattern` import; `node` for what Node brings. */
async function packages(folder: string, pattern: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for await (const path of glob(pattern, { cwd: folder })) {
    for (const specifier of importsOf(await readFile(join(folder, path), 'utf8'))) {
      const name = packageOf(specifier);
      if (name !== undefined) found.add(name);
    }
  }
  return found;
}

/** As `npm pack --json` tells it. */
interface NpmPacked {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly entryCount: number;
}

async function pack(content: string, folder: string): Promise<Packed> {
  const packed = await runTool('npm', [
    'pack',
    content,
    '--pack-destination',
    folder,
    '--json',
    '--loglevel=error',
  ]);
  if (!packed.ok) throw new SetupProblem(`npm did not pack: ${packed.reason}`, 'install npm');
  const [told] = JSON.parse(packed.output) as [NpmPacked];
  const { dependencies } = JSON.parse(await readFile(join(content, 'package.json'), 'utf8'));
  return {
    name: told.name,
    version: told.version,
    tarball: resolve(folder, told.filename),
    size: told.size,
    unpackedSize: told.unpackedSize,
    files: told.entryCount,
    dependencies: Object.keys(dependencies),
  };
}
