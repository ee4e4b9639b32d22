/** What is measured, and for how long. */
import type { Load } from './round.ts';

export const partNames = ['callers', 'rates', 'capacity'] as const;
export type PartName = (typeof partNames)[number];

export interface Plan {
  /** Of each system, before anything is measured. */
  readonly warmUpOrders: number;
  /** Of each condition; the systems take turns. */
  readonly rounds: number;
  readonly roundMs: number;
  /** Closed loop: so many callers, each sends its next order when it has its answer. */
  readonly callers: readonly number[];
  /** Open loop: so many orders a second, answered or not. */
  readonly rates: readonly number[];
  /** The product at parts of its own capacity; undefined: not measured. */
  readonly capacity: CapacityPlan | undefined;
}

export interface CapacityPlan {
  /** At 0.6 of the capacity, before and after it is overloaded. */
  readonly steadyMs: number;
  /** At three times the capacity. */
  readonly overloadMs: number;
}

const CALLERS = [16, 64, 256];
const RATES = [50, 100, 200, 400];

/** About twelve minutes. */
const whole: Plan = {
  warmUpOrders: 4_000,
  rounds: 3,
  roundMs: 6_000,
  callers: CALLERS,
  rates: RATES,
  capacity: { steadyMs: 15_000, overloadMs: 30_000 },
};

/** Two to three minutes, to see that everything works. */
const quick: Plan = {
  warmUpOrders: 1_000,
  rounds: 2,
  roundMs: 1_500,
  callers: CALLERS,
  rates: RATES,
  capacity: { steadyMs: 3_000, overloadMs: 4_000 },
};

export function planOf(short: boolean, parts: readonly PartName[]): Plan {
  const plan = short ? quick : whole;
  const wanted = (part: PartName) => parts.length === 0 || parts.includes(part);
  return {
    ...plan,
    callers: wanted('callers') ? plan.callers : [],
    rates: wanted('rates') ? plan.rates : [],
    capacity: wanted('capacity') ? plan.capacity : undefined,
  };
}

/** One thing that is varied, and the load that it means. */
export interface Condition {
  readonly part: PartName;
  /** Callers, or orders a second. */
  readonly amount: number;
  readonly load: Omit<Load, 'traced'>;
}

/** With a rate, orders are due whether or not earlier ones were answered. */
const CALLERS_WITH_RATE = 1_000;

/** What all contenders are measured by. */
export function conditionsOf({ callers, rates, roundMs }: Plan): Condition[] {
  return [
    ...callers.map((amount) => closed(amount, roundMs)),
    ...rates.map((amount) => open('rates', amount, roundMs)),
  ];
}

/** So many callers, for so long. */
export const closed = (amount: number, ms: number): Condition => ({
  part: 'callers',
  amount,
  load: { callers: amount, ms },
});

/** So many orders a second, for so long. */
export const open = (part: PartName, amount: number, ms: number): Condition => ({
  part,
  amount,
  load: {
    callers: CALLERS_WITH_RATE,
    rate: amount,
    orders: Math.max(1, Math.round((amount * ms) / 1_000)),
  },
});
