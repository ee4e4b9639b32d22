/**
 * Fewer points of a long line, so that it can be read. Pure.
 * @import { PipelinePoint } from '../../http/contract.ts'
 */

/** As many as an eye tells apart. */
const SHOWN = 240;

/**
 * @typedef {object} Line
 * @property {(point: PipelinePoint) => number | undefined} value
 * @property {boolean} [highest] of many values the highest counts, not their mean
 */

/**
 * Times in seconds and the values of each line, as uPlot takes them: at most some 240 of
 * each. The bounds between those that are taken together are fixed in time, so that a line
 * which grows at its end does not tremble.
 * @param {readonly PipelinePoint[]} points oldest first, one a second
 * @param {readonly Line[]} lines
 * @returns {[number[], ...(number | null)[][]]}
 */
export function thin(points, lines) {
  const seconds = Math.max(1, Math.ceil(points.length / SHOWN));
  const groups = Map.groupBy(points, ({ at }) => Math.floor(Date.parse(at) / 1_000 / seconds));
  return [
    [...groups.keys()].map((group) => group * seconds),
    ...lines.map(({ value, highest }) =>
      [...groups.values()].map((group) => {
        const values = group.map(value).filter((one) => one !== undefined);
        if (values.length === 0) return null;
        return highest
          ? Math.max(...values)
          : values.reduce((sum, one) => sum + one, 0) / values.length;
      }),
    ),
  ];
}
