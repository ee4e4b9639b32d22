/** Figures that were wanted, and what came of them. */
import { count, milliseconds } from './text.ts';

export interface Target {
  readonly text: string;
  readonly unit: '×' | '%' | 'ms' | '/s' | 'MB';
  readonly bound: 'at least' | 'at most';
  readonly wanted: number;
  readonly got: number;
  readonly met: boolean;
}

/** Rows for a terminal or a page; the first are the headings. */
export interface Table {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

/** Says of a figure that it is wanted; one that was not measured is not judged. */
export type Want = (
  text: string,
  unit: Target['unit'],
  wanted: number,
  got: number | undefined,
) => void;

/** Targets in the order in which they are named. */
export function judging(): {
  readonly targets: readonly Target[];
  readonly atLeast: Want;
  readonly atMost: Want;
} {
  const targets: Target[] = [];
  const judged =
    (bound: Target['bound']): Want =>
    (text, unit, wanted, got) => {
      if (got === undefined) return;
      const met = bound === 'at least' ? got >= wanted : got <= wanted;
      targets.push({ text, unit, bound, wanted, got, met });
    };
  return { targets, atLeast: judged('at least'), atMost: judged('at most') };
}

/** `12.3×`, `64%`, `3.9 ms`, `210,000/s`. */
export function amount({ unit }: Pick<Target, 'unit'>, value: number): string {
  if (unit === '×') return `${value.toFixed(value < 10 ? 2 : 1)}×`;
  if (unit === '%') return `${value.toFixed(0)}%`;
  if (unit === 'MB') return `${count(value)} MB`;
  return unit === 'ms' ? `${milliseconds(value)} ms` : `${count(value)}/s`;
}

/** The targets; `paint` may colour the verdict. */
export function targetTable(
  targets: readonly Target[],
  paint: (met: boolean, text: string) => string = (_met, text) => text,
): Table {
  return {
    title: 'targets',
    rows: [
      ['target', 'wanted', 'got', 'met'],
      ...targets.map((target) => [
        target.text,
        `${target.bound} ${amount(target, target.wanted)}`,
        amount(target, target.got),
        paint(target.met, target.met ? 'yes' : 'no'),
      ]),
    ],
  };
}
