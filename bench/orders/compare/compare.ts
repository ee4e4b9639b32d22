/** `make bench-orders` on a stack of its own: the product and the bare path in turns. */
import { availableParallelism, cpus } from 'node:os';
import { auditDocument } from '../../../cli/render-audit.ts';
import { booksOf } from '../../../stack/books.ts';
import type { ProcessForm } from '../../../stack/plan.ts';
import type { Progress } from '../../figures/progress.ts';
import { compareBooks } from '../books.ts';
import { askDurability } from '../durability.ts';
import { shortcomings } from '../shortcomings.ts';
import { type Arena, openArena } from './arena.ts';
import { CAPACITY_ROUNDS, measureCapacity } from './capacity.ts';
import { type Condition, conditionsOf, type Plan } from './plan.ts';
import { type Measured, ratioOf, rowOf } from './report/figures.ts';
import { names } from './report/names.ts';
import type { ComparisonReport, Ratio, Row } from './report/report.ts';
import { judge } from './report/targets.ts';
import { verdictOf } from './report/verdict.ts';
import { measureRound } from './round.ts';
import type { System } from './system.ts';
import { takeTurns } from './turns.ts';

export interface Comparison {
  readonly plan: Plan;
  readonly quick: boolean;
  /** Where the data lies meanwhile; undefined: the system's folder for such. */
  readonly dataFolder: string | undefined;
  readonly processes: ProcessForm;
  readonly withPeers: boolean;
}

/** Who is measured: a system, and how much of it is traced. */
interface Contender {
  readonly name: string;
  readonly system: System;
  readonly traced: boolean;
}

const WARM_UP_CALLERS = 64;

/** Starts everything, measures, audits the product's books, and ends everything. */
export async function compare(
  { plan, quick, dataFolder: folder, processes, withPeers }: Comparison,
  progress: Progress,
  signal: AbortSignal,
): Promise<ComparisonReport> {
  const arena = await openArena({ folder, processes, withPeers }, progress.say, signal);
  try {
    const { text: durability } = await askDurability(arena.stack.addresses.EVENTSTORE_DATABASE_URL);
    const contenders = contendersOf(arena);
    const warmUp: ComparisonReport['warmUp'][number][] = [];
    for (const system of arena.systems) {
      progress.say(`warming up: ${system.name}`);
      warmUp.push(await warmedUp(arena, system, plan, signal));
    }
    const rows: Row[] = [];
    const ratios: Ratio[] = [];
    const others: number[] = [];
    let notEnded = 0;
    let accepted = 0;
    const measure = async (contender: Contender, condition: Condition) => {
      signal.throwIfAborted();
      const load = { ...condition.load, traced: contender.traced };
      const round = await measureRound(arena, contender.system, load, signal);
      others.push(round.others);
      if (contender.system === arena.product) {
        notEnded += round.notEnded;
        accepted += round.accepted;
      }
      progress.onRound(contender.name);
      return round;
    };
    for (const condition of conditionsOf(plan)) {
      progress.say(textOf(condition));
      await arena.sql`checkpoint`;
      const measured = await takeTurns(contenders, plan.rounds, (one) => measure(one, condition));
      const all = contenders.map((one) => ({ name: one.name, rounds: measured.get(one) ?? [] }));
      rows.push(...all.map((one) => rowOf(condition, one)));
      ratios.push(...ratiosOf(condition, all));
    }
    const [product] = contenders;
    if (plan.capacity !== undefined && product !== undefined) {
      progress.say('parts of the capacity');
      const stages = await measureCapacity(plan.capacity, async (condition, name) =>
        rowOf(condition, { name, rounds: [await measure(product, condition)] }),
      );
      rows.push(...stages);
    }
    progress.say('comparing the books');
    const books = await compareBooks(booksOf(arena.stack), signal);
    return {
      at: new Date().toISOString(),
      quick,
      machine: {
        cpu: cpus()[0]?.model.trim() ?? 'unknown processor',
        cpus: availableParallelism(),
        node: process.version,
        durability,
      },
      warmUp,
      rows,
      ratios,
      targets: judge(rows, ratios),
      verdict: verdictOf(others),
      shortcomings: shortcomings({ accepted, notEnded }, books),
      audit: auditDocument(books.report, books.decimals),
    };
  } finally {
    progress.end();
    await arena.close();
  }
}

const contendersOf = ({ product, bare, peers }: Arena): readonly Contender[] => [
  { name: names.product, system: product, traced: false },
  { name: names.bare, system: bare, traced: false },
  { name: names.allTraced, system: product, traced: true },
  ...peers.map((system) => ({ name: system.name, system, traced: false })),
];

/** How many rounds that is. */
export const turnsOf = (plan: Plan, withPeers: boolean): number =>
  conditionsOf(plan).length * plan.rounds * (withPeers ? 6 : 3) +
  (plan.capacity === undefined ? 0 : CAPACITY_ROUNDS);

async function warmedUp(arena: Arena, system: System, plan: Plan, signal: AbortSignal) {
  const load = { callers: WARM_UP_CALLERS, orders: plan.warmUpOrders, traced: false };
  const began = performance.now();
  const round = await measureRound(arena, system, load, signal);
  const { figures } = rowOf(
    { part: 'callers', amount: WARM_UP_CALLERS, load },
    { name: system.name, rounds: [round] },
  );
  return {
    name: system.name,
    orders: round.completed,
    ms: performance.now() - began,
    cpuMs: figures.cpuMs.median,
  };
}

/** Everyone beside the bare path, and the product beside its peers. */
function ratiosOf(condition: Condition, all: readonly Measured[]): Ratio[] {
  const own: readonly string[] = Object.values(names);
  return all.flatMap((beside) => {
    const others = all.filter(({ name }) =>
      beside.name === names.bare ? name !== names.bare : name === names.product,
    );
    if (beside.name !== names.bare && own.includes(beside.name)) return [];
    return others.flatMap((one) => ratioOf(condition, one, beside) ?? []);
  });
}

const textOf = ({ part, amount }: Condition): string =>
  part === 'callers' ? `${amount} callers` : `${amount} orders a second`;
