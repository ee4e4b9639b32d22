/** The package of the frame as its user gets it: made, looked through, installed into an empty project, and tried. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { cells, codeBlocks, root } from '../docs/markdown.ts';
import { namesOrders } from '../docs/ordering.ts';
import { runTool } from '../stack/tools.ts';
import { importsOf, packageOf } from './imports.ts';
import type { Packed } from './package.ts';

const run = promisify(execFile);
/** What npm has fetched before is not fetched again. */
const npmEnvironment = {
  ...process.env,
  npm_config_prefer_offline: 'true',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_update_notifier: 'false',
};

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

describe('the package of the frame', function suite() {
  this.timeout(400_000);
  let folder: string;
  let packed: Packed;
  /** Where the tarball is unpacked. */
  let content: string;
  let files: readonly string[];
  let manifest: Manifest;
  const text = (path: string) => readFileSync(join(content, path), 'utf8');

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'frame-spec-'));
    const command = ['run', '--silent', 'pack:frame', '--', folder, '--json'];
    const { stdout } = await run('npm', command, { cwd: root, env: npmEnvironment });
    packed = JSON.parse(stdout) as Packed;
    await run('tar', ['-xzf', packed.tarball, '-C', folder]);
    content = join(folder, 'package');
    files = readdirSync(content, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(content, join(parentPath, name)))
      .sort();
    assert.equal(files.length, packed.files);
    manifest = JSON.parse(text('package.json')) as Manifest;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const code = () => files.filter((path) => /\.(js|d\.ts)$/.test(path));

  /** Modules as they are imported, and the JavaScript behind each. */
  const modules = () =>
    Object.entries(manifest.exports).flatMap(([name, target]) => {
      if (typeof target === 'string') return [];
      const [before = '', after = ''] = (target.default ?? '').slice(2).split('*');
      return files
        .filter((path) => path.startsWith(before) && path.endsWith(after))
        .map((path) => ({
          path,
          name: name.replace('*', path.slice(before.length, -after.length)).slice(2),
        }));
    });

  it('declares each package that it imports, and no other', () => {
    const imported = new Set(code().flatMap((path) => importsOf(text(path)).map(packageOf)));
    const foreign = [...imported].filter((name) => name !== undefined && name !== 'node').sort();
    assert.ok(foreign.length > 10, 'the search finds imports');
    assert.deepEqual(foreign, Object.keys(manifest.dependencies).sort());
    assert.deepEqual(packed.dependencies, foreign);
  });

  it('holds every file that it imports', () => {
    const missing = code().flatMap((path) =>
      importsOf(text(path))
        .filter((specifier) => packageOf(specifier) === undefined)
        .filter((specifier) => !existsSync(join(content, dirname(path), specifier)))
        .map((specifier) => `${path} imports ${specifier}`),
    );
    assert.deepEqual(missing, []);
  });

  it('has files behind every export, and an export for every module, with its types', () => {
    for (const target of Object.values(manifest.exports)) {
      for (const path of typeof target === 'string' ? [target] : Object.values(target)) {
        assert.ok(globSync(path, { cwd: content }).length > 0, `nothing is at ${path}`);
      }
    }
    const scripts = files.filter((path) => path.endsWith('.js'));
    assert.deepEqual(
      modules()
        .map(({ path }) => path)
        .sort(),
      scripts,
    );
    const untyped = scripts.filter((path) => !files.includes(path.replace(/js$/, 'd.ts')));
    assert.deepEqual(untyped, []);
  });

  it('knows no orders', () => {
    const found = files.flatMap((path) =>
      `${path}\n${text(path)}`
        .replaceAll(/ordersctl.frame|the founders of this order system/g, '')
        .split('\n')
        .filter(namesOrders)
        .map((line) => `${path}: ${line.trim()}`),
    );
    assert.deepEqual(found, []);
  });

  it('holds no source in TypeScript, no test and no path of this machine', () => {
    assert.deepEqual(
      files.filter((path) => /\.spec\.|(?<!\.d)\.ts$|\.map$|tsconfig/.test(path)),
      [],
    );
    for (const path of files) {
      for (const here of [root, tmpdir(), homedir()]) {
        assert.ok(!text(path).includes(here.replace(/\/?$/, '/')), `${path} has ${here}`);
      }
      assert.doesNotMatch(text(path), /sourceMappingURL/, path);
    }
  });

  it('says of every room what is in it, and begins with a module that is there', () => {
    const rows = text('README.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    const names = modules().map(({ name }) => name);
    const told = rows.map((row) => {
      const [name = '', , start = ''] = cells(row).map((cell) => cell.replaceAll('`', ''));
      assert.ok(names.includes(start), `there is no ${start}`);
      return name.split('/')[0] ?? '';
    });
    const rooms = names.map((name) => name.split('/')[0] ?? '');
    assert.deepEqual([...new Set(told)].sort(), [...new Set(rooms)].sort());
  });

  describe('installed into an empty project', () => {
    let project: string;
    /** What README's commands printed. */
    let printed: string;
    const readme = () => codeBlocks(text('README.md'));
    const example = () => readme().find(({ language }) => language === 'ts');
    const shown = () => readme()[2]?.text ?? '';
    /** Without the lines of the log, which have the time. */
    const answers = (output: string) => output.replaceAll(/^\{"level".*\n/gm, '');

    before(async function install() {
      const asking = { env: { ...npmEnvironment, npm_config_fetch_retries: '0' } };
      const reached = await runTool('npm', ['ping'], asking);
      if (!reached.ok) {
        console.log('      skipped: npm does not reach its registry');
        this.skip();
      }
      project = join(folder, 'project');
      mkdirSync(project);
      await copyFile(packed.tarball, join(project, basename(packed.tarball)));
      writeFileSync(join(project, example()?.file ?? ''), example()?.text ?? '');
      const commands = readme().find(({ language }) => language === 'sh')?.text ?? '';
      const options = { cwd: project, env: npmEnvironment, timeout: 300_000 };
      const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', commands], options);
      printed = stdout;
    });

    it("README's example prints what README says", () => {
      assert.match(shown(), /^201 /, 'the third block is what is printed');
      assert.ok(answers(printed).endsWith(`\n${shown()}`), printed);
    });

    describe('compiled', () => {
      /** What tsc finds wrong in the project and in the package; other packages' faults are theirs. */
      let found: readonly string[];

      before(async () => {
        const missing = Object.entries(manifest.peerDependencies)
          .filter(([name]) => !existsSync(join(project, 'node_modules', name)))
          .map((peer) => peer.join('@'));
        const options = { cwd: project, env: npmEnvironment };
        if (missing.length > 0) await run('npm', ['install', '--no-save', ...missing], options);
        const all = modules().map(
          ({ name }, n) => `export * as m${n} from '${manifest.name}/${name}';`,
        );
        assert.ok(all.length > 100, 'the search finds modules');
        writeFileSync(join(project, 'all.ts'), all.join('\n'));
        writeFileSync(
          join(project, 'wrong.ts'),
          `import { chain } from '${manifest.name}/kit/endpoint';\nchain('no middleware');\n`,
        );
        const compilerOptions = {
          target: 'es2024',
          module: 'nodenext',
          moduleResolution: 'nodenext',
          types: ['node'],
          outDir: 'compiled',
          strict: true,
          noUncheckedIndexedAccess: true,
          exactOptionalPropertyTypes: true,
          // Who checks declarations must find those of the package right.
          skipLibCheck: false,
        };
        const config = { compilerOptions, files: [example()?.file, 'all.ts', 'wrong.ts'] };
        writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
        const tsc = join(root, 'node_modules/.bin/tsc');
        const { stdout } = await run(tsc, ['-p', '.', '--pretty', 'false'], {
          cwd: project,
        }).catch((error: { stdout: string }) => error);
        const ours = `node_modules/${manifest.name}/`;
        found = stdout
          .split('\n')
          .filter((line) => line.startsWith(ours) || !/^(node_modules\/| |$)/.test(line));
      });

      it('the example and every declaration have the right types', () => {
        assert.match(found[0] ?? '', /^wrong\.ts\(2,7\): error TS2345/, 'a wrong type is found');
        assert.deepEqual(found.slice(1), []);
      });

      it('the example runs as JavaScript, and has at most 60 lines', async () => {
        const { file = '', text: source = '' } = example() ?? {};
        assert.ok(source.trimEnd().split('\n').length <= 60);
        const compiled = join('compiled', file.replace(/ts$/, 'js'));
        const { stdout } = await run(process.execPath, [compiled], { cwd: project });
        assert.equal(answers(stdout), shown());
      });

      it('every module can be loaded', () =>
        run(process.execPath, ['compiled/all.js'], { cwd: project }));
    });
  });
});
