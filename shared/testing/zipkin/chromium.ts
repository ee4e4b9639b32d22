import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const run = promisify(execFile);

/** Its names on different systems. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const PROBE_MS = 20_000;
const START_MS = 30_000;

/** Tests look at pages of our own servers: no sandbox, and no requests to the outside. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Starts the system's Chromium without a window, in a new profile that is removed with
 * it: the one that CHROMIUM_PATH names, else the first in PATH that runs. Undefined if
 * there is none; rejects if it does not start within 30 seconds. The caller closes it.
 */
export async function startChromium(): Promise<Browser | undefined> {
  const executablePath = process.env.CHROMIUM_PATH || (await firstThatRuns());
  if (executablePath === undefined) return undefined;
  return await chromium.launch({ executablePath, args: FLAGS, timeout: START_MS });
}

// Existing is not enough: Ubuntu's chromium-browser only says how to get one.
async function firstThatRuns(): Promise<string | undefined> {
  for (const name of NAMES) {
    try {
      await run(name, ['--version'], { timeout: PROBE_MS });
      const { stdout } = await run('which', [name], { timeout: PROBE_MS });
      return stdout.trim();
    } catch {
      // The next one, then.
    }
  }
  return undefined;
}
