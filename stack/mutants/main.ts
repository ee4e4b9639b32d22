/**
 * `make mutants`: makes small changes to the pure files, and lists those that no test beside
 * the file notices. Arguments: parts of file names (default: all). Exit code 1 if fewer than
 * WANTED of a hundred are noticed.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { equivalents } from './equivalents.ts';
import { type Mutant, mutantsOf, mutated } from './mutate.ts';
import { type Subject, subjects } from './subjects.ts';
import type { Trial, Verdict } from './worker.ts';

const WANTED = 95;
/** One that takes longer does not end. */
const TRIAL_MS = 30_000;
/** Each trial leaves its modules behind: after so many the process is replaced. */
const TRIALS_A_PROCESS = 120;
const root = resolve(import.meta.dirname, '../..');

/** A process that tries mutants, one after the other. */
class Bench {
  private child: ChildProcess | undefined;
  private left = 0;

  async try(trial: Trial): Promise<Verdict> {
    if (this.child === undefined || this.left-- === 0) this.replace();
    const child = this.child as ChildProcess;
    child.send(trial);
    const late = new AbortController();
    const verdict = await Promise.race([
      once(child, 'message', { signal: late.signal }).then(([answer]) => answer as Verdict),
      once(child, 'exit', { signal: late.signal }).then(() => ({ failure: 'the process died' })),
      delay(TRIAL_MS, { failure: 'it does not end' }, { signal: late.signal }),
    ]);
    late.abort();
    if (verdict.failure === 'it does not end' || child.exitCode !== null) this.end();
    return verdict;
  }

  private replace(): void {
    this.end();
    this.child = fork(resolve(import.meta.dirname, 'worker.ts'), { stdio: 'ignore' });
    this.left = TRIALS_A_PROCESS;
  }

  end(): void {
    this.child?.kill('SIGKILL');
    this.child = undefined;
  }
}

interface Score {
  readonly subject: Subject;
  readonly mutants: number;
  readonly survivors: readonly string[];
  readonly alike: number;
}

async function judge(subject: Subject, bench: Bench): Promise<Score> {
  const source = readFileSync(resolve(root, subject.file), 'utf8');
  const trial = (text: string | undefined): Trial => ({ ...subject, source: text });
  const { failure } = await bench.try(trial(undefined));
  if (failure !== undefined)
    throw new Error(`${subject.file}: its tests fail as it is: ${failure}`);
  const mutants = mutantsOf(source);
  const survivors: string[] = [];
  let alike = 0;
  for (const mutant of mutants) {
    const { failure: noticed } = await bench.try(trial(mutated(source, mutant)));
    if (noticed !== undefined) continue;
    const line = describe(source, mutant);
    if (equivalents.some(({ file, change }) => file === subject.file && line.includes(change))) {
      alike++;
    } else survivors.push(`${subject.file}:${line}`);
  }
  return { subject, mutants: mutants.length, survivors, alike };
}

/** `12: a < b → a <= b`: the line and what it became. */
function describe(source: string, mutant: Mutant): string {
  const before = Buffer.from(source).toString('utf8', 0, mutant.start);
  const number = before.split('\n').length;
  const line = (text: string) => text.split('\n')[number - 1]?.trim() ?? '';
  return `${number}: ${line(source)} → ${line(mutated(source, mutant))}`;
}

const wanted = process.argv.slice(2);
const chosen = subjects.filter(
  ({ file }) => wanted.length === 0 || wanted.some((part) => file.includes(part)),
);
const began = performance.now();
const waiting = [...chosen];
const scores: Score[] = [];
await Promise.all(
  Array.from({ length: Math.min(availableParallelism(), chosen.length) }, async () => {
    const bench = new Bench();
    try {
      for (let subject = waiting.shift(); subject; subject = waiting.shift()) {
        const score = await judge(subject, bench);
        scores.push(score);
        const { mutants, survivors, alike } = score;
        console.log(`${subject.file}: ${mutants - survivors.length - alike} of ${mutants - alike}`);
        for (const survivor of survivors) console.log(`  not noticed  ${survivor}`);
      }
    } finally {
      bench.end();
    }
  }),
);
const all = scores.reduce((sum, { mutants, alike }) => sum + mutants - alike, 0);
const missed = scores.reduce((sum, { survivors }) => sum + survivors.length, 0);
const alike = scores.reduce((sum, score) => sum + score.alike, 0);
const percent = (100 * (all - missed)) / Math.max(1, all);
const took = Math.round((performance.now() - began) / 1_000);
console.log(
  `${all - missed} of ${all} mutants noticed (${percent.toFixed(1)}%, wanted ${WANTED}%), ${alike} that change nothing left out; ${took} s`,
);
process.exitCode = percent >= WANTED ? 0 : 1;
