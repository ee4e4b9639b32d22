import type { Dice } from '../interleavings/dice.ts';
import { services } from '../services.ts';
import { failovers } from './faults/failovers.ts';
import type { Fault } from './faults/fault.ts';
import { spoiled, spoilings } from './faults/lines.ts';
import { logRestored } from './faults/log-restored.ts';
import { storeDeleted, storeOlder, tailCut } from './faults/nats-store.ts';
import { away, killed, stopped } from './faults/processes.ts';
import type { PersonalDataForm, SqlForm } from './options.ts';
import { HELD_MS } from './settings.ts';
import { someOf } from './some-of.ts';

/** Those that orders need: who only watches does not run here. */
export const harmed = services.filter(({ watches }) => watches !== true);

/** For processes whose silence no deadline measures. */
const unmeasured = ['ordersvc', 'querymodelworker'];

export interface DeckOptions {
  /** How many processes each service has. */
  readonly instances: number;
  readonly natsNodes: readonly string[];
  /** The planned time of all faults and the gaps behind them, at most. */
  readonly budgetMs: number;
  readonly gapMs: number;
  /** How long processes are stopped: longer than any deadline there is. */
  readonly stoppedMs: number;
  /** Only faults whose name matches this. */
  readonly only?: RegExp | undefined;
  /** Default: texts are in plain, and nobody asks for keys. */
  readonly personalData?: PersonalDataForm;
  /** Default: embedded. */
  readonly sql?: SqlForm;
}

/**
 * The faults of a run, in order, at least one. They kill and stop the processes of each
 * service (one or all), and spoil each connection in a way that the dice choose. Each kind of
 * failover is among them, whatever the time. If time is left after all of them, they start
 * again with other dice.
 */
export function dealDeck(luck: Dice, options: DeckOptions): readonly Fault[] {
  const { budgetMs, gapMs, only } = options;
  const deal = () =>
    shuffled(luck, allFaults(luck, options)).filter(({ name }) => only?.test(name) ?? true);
  const takes = ({ plannedMs }: Fault) => plannedMs + gapMs;
  const first = deal();
  const sure = first.filter(({ failover }) => failover === true);
  let left = sure.reduce((rest, fault) => rest - takes(fault), budgetMs);
  // After the first that does not fit, none does.
  const fits = (fault: Fault) => {
    left -= takes(fault);
    return left >= 0;
  };
  const chosen = first.filter((fault) => sure.includes(fault) || fits(fault));
  if (chosen.length === 0) return first.slice(0, 1);
  for (let round = deal(); left >= 0 && round.length > 0; round = deal()) {
    chosen.push(...round.filter(fits));
  }
  return chosen;
}

function allFaults(
  luck: Dice,
  { instances, natsNodes, stoppedMs, personalData = 'plain', sql = 'embedded' }: DeckOptions,
): readonly Fault[] {
  const some = (name: string) =>
    someOf(
      Array.from({ length: instances }, (_, n) => (n === 0 ? name : `${name}-${n + 1}`)),
      luck,
    );
  return [
    ...harmed.map(({ name }) => killed(...some(name))),
    ...harmed.map(({ name }) =>
      stopped(some(name), unmeasured.includes(name) ? HELD_MS : stoppedMs),
    ),
    ...natsNodes.map((name) => killed(name)),
    stopped([luck.pick(natsNodes)], stoppedMs),
    ...(natsNodes.length > 1 ? [away(luck.pick(natsNodes))] : []),
    storeDeleted,
    storeOlder,
    tailCut,
    logRestored,
    ...(sql === 'patroni' ? failovers : [killed('PostgreSQL'), away('PostgreSQL')]),
    ...harmed.flatMap(({ name, needs }) =>
      needs
        .filter((variable) => variable !== 'PERSONAL_DATABASE_URL' || personalData === 'sealed')
        .map((variable) => spoiled(name, variable, luck.pick(spoilings))),
    ),
  ];
}

function shuffled<T>(luck: Dice, all: readonly T[]): readonly T[] {
  const left = [...all];
  return all.map(() => left.splice(luck.below(left.length), 1)[0] as T);
}
