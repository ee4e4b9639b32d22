import { setTimeout as delay } from 'node:timers/promises';
import type { FaultyWire } from '../../faulty-wire.ts';
import type { AddressVariable } from '../../services.ts';
import { HELD_MS } from '../settings.ts';
import { someOf } from '../some-of.ts';
import type { Line } from '../wires.ts';
import type { Fault, Where } from './fault.ts';

/** Does something to wires, and resolves with what the dice chose. */
type Spoil = (wires: readonly FaultyWire[], where: Where) => Promise<string | undefined>;

const pause = (ms: number, { signal }: Where) => delay(ms, undefined, { signal });
const CUT_EVERY_MS = 400;
const REFUSED_MS = 2_000;
const SLOW_MS = 4_000;

/** Reset again and again, then refused for a while. */
const cut: Spoil = async (wires, where) => {
  const times = 1 + where.luck.below(5);
  for (let n = 0; n < times; n += 1) {
    for (const wire of wires) wire.cut();
    await pause(CUT_EVERY_MS, where);
  }
  for (const wire of wires) {
    wire.refuse();
    wire.cut();
  }
  await pause(REFUSED_MS, where);
  return `${times} times, then refused for ${REFUSED_MS} ms`;
};

const delayed: Spoil = async (wires, where) => {
  const ms = 100 + where.luck.below(400);
  for (const wire of wires) wire.delay(ms);
  await pause(SLOW_MS, where);
  return `by ${ms} ms each way`;
};

const throttled: Spoil = async (wires, where) => {
  const bytesPerSecond = 5_000 + where.luck.below(25_000);
  for (const wire of wires) wire.throttle(bytesPerSecond);
  await pause(SLOW_MS, where);
  return `to ${bytesPerSecond} bytes a second`;
};

/** In the middle of a message the connection goes silent without closing. */
const blackHoled: Spoil = async (wires, where) => {
  const { luck } = where;
  const way = luck.pick(['toTarget', 'toClient'] as const);
  const afterBytes = luck.below(3_000);
  const both = luck.chance(0.5);
  const released = luck.chance(0.5);
  for (const wire of wires) {
    const holds = wire.stall({ way, afterBytes });
    const other = way === 'toTarget' ? 'toClient' : 'toTarget';
    if (both) void holds.then(() => wire.stall({ way: other }));
  }
  await pause(HELD_MS, where);
  if (!released) for (const wire of wires) wire.cut();
  return `${way} after ${afterBytes} bytes${both ? ', then both ways' : ''}; ${released ? 'what was held came later' : 'then cut'}`;
};

const kinds = {
  cut: { spoil: cut, plannedMs: 3 * CUT_EVERY_MS + REFUSED_MS },
  delayed: { spoil: delayed, plannedMs: SLOW_MS },
  throttled: { spoil: throttled, plannedMs: SLOW_MS },
  'black-holed': { spoil: blackHoled, plannedMs: HELD_MS },
} as const satisfies Record<string, { spoil: Spoil; plannedMs: number }>;

export type Spoiling = keyof typeof kinds;
export const spoilings = Object.keys(kinds) as readonly Spoiling[];

const servers: Record<AddressVariable, string> = {
  EVENTSTORE_DATABASE_URL: 'eventstoredb',
  ORDERS_DATABASE_URL: 'ordersdb',
  PAYMENTS_DATABASE_URL: 'paymentsdb',
  SAGA_DATABASE_URL: 'sagadb',
  PERSONAL_DATABASE_URL: 'personaldb',
  NATS_URL: 'NATS',
  EVENTSTORE_ADDRESS: 'eventstoresvc',
};

/** All; or, of several event stores that share the calls, those to one of them. */
function wiresOf(lines: readonly Line[], { luck }: Where) {
  const wires = lines.flatMap((line) => line.wires);
  const [first] = lines;
  const stores = first?.variable === 'EVENTSTORE_ADDRESS' ? first.wires.length : 1;
  if (stores === 1 || luck.chance(0.5)) return { wires, to: '' };
  const one = luck.below(stores);
  return { wires: lines.flatMap((line) => line.wires[one] ?? []), to: `, to store ${one + 1}` };
}

/** A service's connection to one server is spoiled, of one instance or of all. */
export const spoiled = (service: string, variable: AddressVariable, how: Spoiling): Fault => ({
  name: `${service} – ${servers[variable]} ${how}`,
  plannedMs: kinds[how].plannedMs,
  async happen(where) {
    const lines = where.wires.lines.filter(
      (line) => line.service === service && line.variable === variable,
    );
    const chosen = someOf(lines, where.luck);
    const { wires, to } = wiresOf(chosen, where);
    try {
      const what = await kinds[how].spoil(wires, where);
      const which = `${chosen.map(({ of }) => of).join(' and ')}${to}`;
      return lines.length > 1 ? `${which}: ${what}` : what;
    } finally {
      await where.wires.pass();
    }
  },
});
