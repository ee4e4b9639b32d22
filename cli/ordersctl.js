#!/usr/bin/env node
// What npm runs as `ordersctl`. Plain JavaScript that any Node can read, also before an
// install: it says what is missing, or hands over to main.ts under the project's own Node.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const packages = join(root, 'node_modules');
const ownNode = join(packages, '.bin/node');

const newEnough = Number.parseInt(process.versions.node, 10) >= 24;

if (!existsSync(join(packages, '.package-lock.json')) || !(newEnough || existsSync(ownNode))) {
  console.error(`ordersctl: its npm packages are not installed → make -C '${root}' deps`);
  process.exitCode = 1;
} else if (newEnough) {
  // Reading and stripping the sources takes most of the time that a short command needs.
  module.enableCompileCache(join(packages, '.cache/compile'));
  await import('./main.ts');
} else {
  const child = spawn(ownNode, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
