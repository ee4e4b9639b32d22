import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toolEnvironment } from './child-environment.ts';
import { freePort, LOOPBACK } from './ports.ts';
import { SetupProblem } from './problem.ts';
import { startProcess, untilReady } from './process.ts';
import { installOnce, runTool, type ToolOptions, toolsDir } from './tools.ts';

export interface StripeMockOptions {
  /** Where it keeps the file that it reads its answers from; made when missing. */
  readonly folder: string;
  /** What it answers: one object for each kind of resource, by Stripe's name of the kind. */
  readonly resources: Readonly<Record<string, object>>;
  /** Told when it has to be built first, which takes a minute, and when it cannot be. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** A running stripe-mock on loopback. It remembers nothing. */
export interface StripeMock {
  readonly url: string;
  /** May be called twice. */
  readonly stop: () => Promise<void>;
}

const VERSION = '0.203.0';
const READY_MS = 20_000;

/**
 * Starts stripe-mock, which checks requests against Stripe's own description of
 * its API and gives the same answer to each. Built with Go the first time;
 * undefined, after one line that says so, where there is no Go. Throws a
 * `SetupProblem` when it cannot be built or started otherwise.
 */
export async function startStripeMock(options: StripeMockOptions): Promise<StripeMock | undefined> {
  const say = options.onProgress ?? (() => {});
  const target = join(toolsDir, 'bin/stripe-mock');
  const there = (await stat(target).catch(() => undefined)) !== undefined;
  if (!there && !(await runTool('go', ['version'])).ok) {
    say('no stripe-mock: it is built with Go, which is not installed');
    return undefined;
  }
  const command = await installOnce({
    target,
    onStart: () => say(`building stripe-mock ${VERSION} with Go, which takes a minute`),
    install: build,
  });
  await mkdir(options.folder, { recursive: true });
  const fixtures = join(options.folder, 'stripe-fixtures.json');
  await writeFile(fixtures, JSON.stringify({ resources: options.resources }));
  const http = `${LOOPBACK}:${await freePort()}`;
  const server = await startProcess({
    name: 'stripe-mock',
    command,
    // Not told where, it would serve HTTPS too, on every address.
    args: ['-fixtures', fixtures, '-http-addr', http, '-https-addr', `${LOOPBACK}:0`],
  });
  const url = `http://${http}`;
  await untilReady(server, (signal) => isAnswering(url, signal), { stillMs: READY_MS });
  return {
    url,
    stop: async () => {
      await server.stop();
    },
  };
}

/** It has no page for health; any answer will do. */
async function isAnswering(url: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(url, { signal });
  await response.body?.cancel();
  return true;
}

async function build(folder: string, options: ToolOptions): Promise<string> {
  const built = await runTool('go', ['install', `github.com/stripe/stripe-mock@v${VERSION}`], {
    ...options,
    // A caller's GOFLAGS could name a vendor folder that we do not have.
    env: { ...toolEnvironment(), GOBIN: folder, GOFLAGS: '' },
  });
  const file = join(folder, 'stripe-mock');
  if (built.ok && (await stat(file).catch(() => undefined))) return file;
  throw new SetupProblem(
    `stripe-mock could not be built (${built.ok ? 'Go built it elsewhere' : `go install: ${built.reason}`})`,
    'check that Go reaches its module proxy',
  );
}
