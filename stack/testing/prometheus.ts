/** A real Prometheus and its promtool, for tests of metrics and alerts. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, LOOPBACK } from '../ports.ts';
import { startProcess, untilReady } from '../process.ts';
import { installOnce, runTool, type ToolOptions, toolsDir } from '../tools.ts';

export interface PrometheusTools {
  readonly promtool: string;
  readonly prometheus: string;
}

/**
 * The machine's own Prometheus, or Debian's package unpacked among the project's tools, which
 * needs neither root nor an installation; a sentence where neither can be had.
 */
export async function prometheusTools(): Promise<PrometheusTools | string> {
  const own = { promtool: 'promtool', prometheus: 'prometheus' };
  const there = await Promise.all(Object.values(own).map((name) => runTool(name, ['--version'])));
  if (there.every(({ ok }) => ok)) return own;
  try {
    const folder = await installOnce({ target: join(toolsDir, 'prometheus'), install: unpack });
    return { promtool: join(folder, 'promtool'), prometheus: join(folder, 'prometheus') };
  } catch (error) {
    return (error as Error).message;
  }
}

const UNPACK = 'cd "$1" && apt-get download prometheus && dpkg-deb -x prometheus_*.deb .';

async function unpack(folder: string, options: ToolOptions): Promise<string> {
  const done = await runTool('sh', ['-c', UNPACK, 'sh', folder], options);
  if (!done.ok) throw new Error(`Prometheus is not installed, and apt has none (${done.reason})`);
  return join(folder, 'usr/bin');
}

/** An alert that is pending or fires. */
export interface Alert {
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
}

export interface Prometheus {
  /** The alerts of this name that fire. */
  firing(name: string): Promise<readonly Alert[]>;
  /** The value of each series that a query finds. */
  query(expression: string): Promise<readonly number[]>;
  stop(): Promise<void>;
}

const READY_MS = 30_000;

/**
 * Starts a Prometheus in `folder` that scrapes `targets` (job → host:port) each second and knows
 * the rules of the file `rules`. The caller stops it.
 */
export async function startPrometheus(
  { prometheus }: PrometheusTools,
  options: {
    readonly folder: string;
    readonly targets: Readonly<Record<string, string>>;
    readonly rules: string;
  },
): Promise<Prometheus> {
  const { folder, targets, rules } = options;
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'prometheus.yml');
  const settings = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    scrape_configs: Object.entries(targets).map(([job, target]) => ({
      job_name: job,
      static_configs: [{ targets: [target] }],
    })),
  };
  // YAML reads JSON, too.
  await writeFile(file, JSON.stringify(settings));
  const address = `${LOOPBACK}:${await freePort()}`;
  const server = await startProcess({
    name: 'prometheus',
    command: prometheus,
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--enable-feature=exemplar-storage',
      '--log.level=warn',
    ],
  });
  const url = `http://${address}`;
  const ready = async (signal: AbortSignal) => (await fetch(`${url}/-/ready`, { signal })).ok;
  await untilReady(server, ready, { stillMs: READY_MS });
  const ask = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`${url}/api/v1/${path}`, { signal: AbortSignal.timeout(5_000) });
    return ((await answer.json()) as { data: T }).data;
  };
  return {
    firing: async (name) => {
      const { alerts } = await ask<{ alerts: readonly Alert[] }>('alerts');
      return alerts.filter(({ state, labels }) => state === 'firing' && labels.alertname === name);
    },
    query: async (expression) => {
      type Found = { result: readonly { value: readonly [number, string] }[] };
      const { result } = await ask<Found>(`query?query=${encodeURIComponent(expression)}`);
      return result.map(({ value }) => Number(value[1]));
    },
    stop: async () => {
      await server.stop();
    },
  };
}
