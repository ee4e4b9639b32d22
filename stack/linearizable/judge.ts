/** Asks porcupine, a checker of linearizability in Go, what it makes of a history. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { installOnce, runTool, toolsDir } from '../tools.ts';
import type { Operation } from './history.ts';

const SOURCES = join(import.meta.dirname, 'judge');
const FILES = ['main.go', 'go.mod', 'go.sum'] as const;
const JUDGE_MS = 120_000;

const verdict = z.object({
  /** `unknown`: it could not be decided in time. */
  verdict: z.enum(['ok', 'illegal', 'unknown']),
  operations: z.number(),
  /** Aggregates with an impossible history. */
  keys: z.array(z.string()),
  tookMs: z.number(),
});

export type Verdict = z.infer<typeof verdict>;
export type Judge = (history: readonly Operation[]) => Promise<Verdict>;

/** Builds the judge if needed; without Go undefined, and the reason is printed. */
export async function porcupine(tell: (why: string) => void): Promise<Judge | undefined> {
  const go = await runTool('go', ['version']);
  if (!go.ok) {
    tell(`Go is missing (${go.reason})`);
    return undefined;
  }
  const sources = await Promise.all(FILES.map((file) => readFile(join(SOURCES, file))));
  const hash = createHash('sha256').update(Buffer.concat(sources)).digest('hex').slice(0, 12);
  const command = await installOnce({
    target: join(toolsDir, `bin/judge-${hash}`),
    install: async (folder, options) => {
      await cp(SOURCES, folder, { recursive: true });
      const target = join(folder, 'judge');
      const built = await runTool('go', ['build', '-C', folder, '-o', target, '.'], options);
      if (!built.ok) throw new Error(`the judge could not be built: ${built.reason}`);
      return target;
    },
  });
  return (history) => judged(command, history);
}

function judged(command: string, history: readonly Operation[]): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, { timeout: JUDGE_MS }, (error, stdout) => {
      if (error) reject(error);
      else resolve(verdict.parse(JSON.parse(stdout)));
    });
    child.stdin?.end(history.map((operation) => JSON.stringify(operation)).join('\n'));
  });
}
