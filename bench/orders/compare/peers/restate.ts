/** Restate: its server, and a service with one handler. */
import { join } from 'node:path';
import { freePorts, LOOPBACK } from '../../../../stack/ports.ts';
import { SetupProblem } from '../../../../stack/problem.ts';
import { startProcess, untilReady } from '../../../../stack/process.ts';
import { answers } from '../../../../stack/until.ts';
import { PEERS, type StartPeer, startPeer } from './peer.ts';

const READY_MS = 60_000;

/** With the server's default settings: one node, each step flushed to disk. */
export const startRestate: StartPeer = async (context) => {
  const { home, atEnd, signal } = context;
  const [ingress = 0, admin = 0, node = 0, service = 0] = await freePorts(4);
  const at = (port: number) => `${LOOPBACK}:${port}`;
  const server = await startProcess({
    name: 'restate-server',
    command: join(
      PEERS,
      `../node_modules/@restatedev/restate-server-${platform()}/bin/restate-server`,
    ),
    args: ['--no-logo', '--listen-mode', 'tcp'],
    env: {
      PATH: process.env.PATH,
      RESTATE_BASE_DIR: join(home, 'restate'),
      RESTATE_INGRESS__BIND_ADDRESS: at(ingress),
      RESTATE_ADMIN__BIND_ADDRESS: at(admin),
      RESTATE_BIND_ADDRESS: at(node),
      RESTATE_ADVERTISED_ADDRESS: `http://${at(node)}`,
      RESTATE_DISABLE_TELEMETRY: 'true',
    },
    logFile: join(home, 'logs', 'restate-server.log'),
  });
  atEnd(() => server.stop());
  const ready = (look: AbortSignal) => answers(`http://${at(admin)}/health`, look);
  await untilReady(server, ready, { stillMs: READY_MS }, signal);
  return startPeer(context, {
    name: 'Restate',
    database: 'restate',
    files: ['restate/app.ts'],
    env: {
      PEER_SERVICE_PORT: String(service),
      RESTATE_ADMIN_URL: `http://${at(admin)}`,
      RESTATE_INGRESS_URL: `http://${at(ingress)}`,
    },
    servers: [server],
  });
};

function platform(): string {
  const { platform: system, arch } = process;
  if (arch === 'x64' || arch === 'arm64') return `${system}-${arch}`;
  throw new SetupProblem(`there is no restate-server for ${arch}`, 'run without PEERS');
}
