/** How busy the whole machine is, by whomever. */
import { readFileSync } from 'node:fs';

export interface MachineTime {
  /** Of all processors since the machine started, in milliseconds. */
  readonly busyMs: number;
  readonly allMs: number;
}

const TICK_MS = 10;

/** Zero everything where the system does not tell. */
export function machineTime(read = () => readFileSync('/proc/stat', 'utf8')): MachineTime {
  let line = '';
  try {
    [line = ''] = read().split('\n', 1);
  } catch {
    // No Linux.
  }
  // user nice system idle iowait irq softirq steal; guests are in user already. What the
  // host took (steal) was lost to us as what others took.
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle = 0, iowait = 0] = ticks;
  const all = ticks.reduce((sum, one) => sum + one, 0);
  return { busyMs: TICK_MS * (all - idle - iowait), allMs: TICK_MS * all };
}

/** The part of the machine, 0 to 1, that was neither idle nor used by `ownMs`. */
export function shareOfOthers(before: MachineTime, after: MachineTime, ownMs: number): number {
  const all = after.allMs - before.allMs;
  return all <= 0 ? 0 : Math.max(0, after.busyMs - before.busyMs - ownMs) / all;
}
