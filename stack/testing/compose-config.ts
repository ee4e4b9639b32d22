/** compose.yaml as Docker Compose reads it, for its test: no engine is needed, and none is asked. */
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { toolEnvironment } from '../child-environment.ts';
import { installOnce, runTool, type ToolOptions, toolsDir } from '../tools.ts';

/** A service of compose.yaml, as far as it is looked at. */
export interface ComposeService {
  readonly image: string;
  readonly entrypoint?: readonly string[] | null;
  /** As Compose writes it: a `$` that is not its own is doubled. */
  readonly command: readonly string[] | null;
  /** Null: passed on from the shell where it is set there. */
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly ports?: readonly {
    readonly host_ip?: string;
    readonly target: number;
    readonly published: string;
  }[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly restart?: string;
  /** As Go writes durations: `1m0s`. */
  readonly stop_grace_period?: string;
  /** Bytes. */
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly profiles?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly privileged?: boolean;
  readonly network_mode?: string;
  readonly networks?: Readonly<Record<string, { readonly aliases?: readonly string[] } | null>>;
  readonly volumes?: readonly {
    readonly type: string;
    readonly source: string;
    readonly target: string;
    readonly read_only?: boolean;
  }[];
  readonly secrets?: readonly { readonly source: string; readonly target?: string }[];
  readonly healthcheck?: { readonly test?: readonly string[] };
}

export interface ComposeConfig {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly secrets: Readonly<Record<string, { readonly file?: string }>>;
}

const VERSION = '5.0.2';
const CONFIG_MS = 30_000;
const file = resolve(import.meta.dirname, '../../compose.yaml');

/**
 * What `docker compose config` makes of compose.yaml, or a sentence where Docker's
 * client or the plugin cannot be had. A machine that has no plugin gets one built with
 * Go, which takes minutes, among the project's other tools; Docker's own folder in
 * the home is neither read nor written. Rejects where compose.yaml is faulty, with
 * Compose's words.
 */
export async function composeConfig(): Promise<ComposeConfig | string> {
  const client = await runTool('docker', ['--version']);
  if (!client.ok) return 'Docker’s client is not installed';
  const folder = join(toolsDir, 'docker');
  // Nothing else from this shell: what compose.yaml passes on would be filled in.
  const env = { PATH: process.env.PATH, DOCKER_CONFIG: folder };
  const plugin = await runTool('docker', ['compose', 'version'], { env });
  if (!plugin.ok) {
    try {
      const target = join(folder, 'cli-plugins', 'docker-compose');
      await installOnce({ target, install: build });
    } catch (error) {
      return (error as Error).message;
    }
  }
  const { stdout } = await promisify(execFile)(
    'docker',
    ['compose', '--file', file, '--profile', '*', 'config', '--format', 'json'],
    { env, timeout: CONFIG_MS },
  );
  return JSON.parse(stdout) as ComposeConfig;
}

async function build(folder: string, options: ToolOptions): Promise<string> {
  const built = await runTool('go', ['install', `github.com/docker/compose/v5/cmd@v${VERSION}`], {
    ...options,
    env: { ...toolEnvironment(), GOBIN: folder, GOFLAGS: '' },
  });
  if (built.ok) return join(folder, 'cmd');
  const why = built.missing ? 'Go is not installed' : `go install: ${built.reason}`;
  throw new Error(`Docker Compose ${VERSION} could not be built (${why})`);
}
