/**
 * Runs specs repeatedly in one warm process, each time with another text of one file.
 * Controlled by messages; its parent ends it, because a mutant may loop for ever.
 */
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import Mocha from 'mocha';

/** What the parent asks. */
export interface Trial {
  readonly file: string;
  readonly specs: readonly string[];
  /** The file's text this time; undefined: as it is. */
  readonly source: string | undefined;
}

/** The result: the first failure, or undefined if all passed. */
export interface Verdict {
  readonly failure: string | undefined;
}

const root = resolve(import.meta.dirname, '../..');
const own = new RegExp(`^${pathToFileURL(root).href}/(?!node_modules/).*[.]ts$`);
/** A test of a mutant may wait for what never comes. */
const TEST_MS = 10_000;

let generation = 0;
let trial: Trial;

// Each trial loads all of the project's modules once more, under a name of its own.
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const url = found.url.replace(/[?].*$/, '');
    return own.test(url) ? { ...found, url: `${url}?trial=${generation}` } : found;
  },
  load(url, context, next) {
    const isSubject =
      trial.source !== undefined && url.startsWith('file:') && isFile(url, trial.file);
    if (!isSubject) return next(url, context);
    return { format: 'module-typescript', source: trial.source, shortCircuit: true };
  },
});

const isFile = (url: string, file: string): boolean =>
  fileURLToPath(url.replace(/[?].*$/, '')) === resolve(root, file);

let strayed: (error: unknown) => void = () => {};
process.on('unhandledRejection', (error) => strayed(error));
process.on('uncaughtException', (error) => strayed(error));

async function run(next: Trial): Promise<Verdict> {
  trial = next;
  generation++;
  const mocha = new Mocha({ bail: true, timeout: TEST_MS, reporter: class {} as never });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  const failed = new Promise<string>((settle) => {
    strayed = (error) => settle(`outside of a test: ${error}`);
  });
  const passed = (async () => {
    for (const spec of next.specs) await import(pathToFileURL(resolve(root, spec)).href);
    return new Promise<string | undefined>((settle) => {
      let failure: string | undefined;
      const runner = mocha.run(() => settle(failure));
      runner.on('fail', ({ title }: { title: string }) => {
        failure ??= title;
      });
    });
  })().catch((error: unknown) => `it does not load: ${error}`);
  return { failure: await Promise.race([passed, failed]) };
}

process.on('message', (next: Trial) => {
  void run(next).then((verdict) => process.send?.(verdict));
});
