/** A service's own metrics, at its admin address. */

/** The value of each metric by its name, summed over its labels but for `batch`; no buckets. */
export type Metrics = ReadonlyMap<string, number>;

const ANSWER_MS = 2_000;

/** Nothing where the service does not answer. */
export async function scrape(adminUrl: string): Promise<Metrics> {
  try {
    const answer = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(ANSWER_MS) });
    return readMetrics(await answer.text());
  } catch {
    return new Map();
  }
}

/** Prometheus' text format. A label `batch` makes a metric of its own: `batch_items_sum of …`. */
export function readMetrics(text: string): Metrics {
  const metrics = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name = '', labels = '', value = ''] =
      /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (name === '' || name.endsWith('_bucket')) continue;
    const [, batch] = /\bbatch="([^"]*)"/.exec(labels) ?? [];
    const key = batch === undefined ? name : `${name} of ${batch}`;
    metrics.set(key, (metrics.get(key) ?? 0) + Number(value));
  }
  return metrics;
}

const BATCHES = 'batch_items_count of ';

/** The mean size of the batches between two looks, by what was gathered. */
export function batchSizes(before: Metrics, after: Metrics): ReadonlyMap<string, number> {
  const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  return new Map(
    [...after.keys()].flatMap((name) => {
      const batch = name.startsWith(BATCHES) ? name.slice(BATCHES.length) : undefined;
      if (batch === undefined || grown(name) <= 0) return [];
      return [[batch, grown(`batch_items_sum of ${batch}`) / grown(name)] as const];
    }),
  );
}
