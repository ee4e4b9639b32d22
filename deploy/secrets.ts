/** The Secrets of an installation, from the folders that `ordersctl credentials make` fills. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from 'kubernetes-models/v1';
import { natsConf } from '../shared/contracts/rights/nats-conf.ts';
import { BOOTSTRAPPER } from '../shared/contracts/rights/sql.ts';
import { ORDERS_STREAM } from '../shared/contracts/subjects.ts';
import { AUTHORITY as FOLDER, natsUsers, programs } from '../shared/credentials/installation.ts';
import { SetupProblem } from '../stack/problem.ts';
import { NATS, USERS_FILE, USERS_SECRET } from './broker.ts';
import { AUTHORITY } from './certificates.ts';
import { SQL_LOGIN } from './database.ts';
import { type CredentialKind, labelsOf, secretName } from './names.ts';
import type { DeployOptions } from './options.ts';

const kinds: readonly CredentialKind[] = ['tls', 'sql', 'nats', 'http'];

/**
 * A Secret for each folder of each program, for the database's operator, and for NATS. The
 * authority's key is in none, but where cert-manager signs with it. Throws SetupProblem for a
 * folder that `ordersctl credentials make` has not filled.
 */
export async function secretObjects(
  folder: string,
  options: DeployOptions,
): Promise<readonly Secret[]> {
  const { namespace, certManager } = options;
  if (!existsSync(join(folder, BOOTSTRAPPER))) {
    throw new SetupProblem(
      `${folder} holds no credentials`,
      `fill it: npx ordersctl credentials make ${folder}`,
    );
  }
  const secret = (name: string, of: string, files: Record<string, string>, type = 'Opaque') =>
    new Secret({
      metadata: { name, namespace, labels: labelsOf(of) },
      type,
      data: Object.fromEntries(
        Object.entries(files).map(([file, text]) => [file, Buffer.from(text).toString('base64')]),
      ),
    });
  const ofPrograms = [...programs(), NATS].flatMap((program) =>
    kinds
      .filter((kind) => !(certManager && kind === 'tls'))
      .map(async (kind) => {
        const files = await filesIn(join(folder, program, kind));
        return Object.keys(files).length > 0
          ? [secret(secretName(program, kind), program, files)]
          : [];
      }),
  );
  const users = natsConf(natsUsers(folder, [ORDERS_STREAM]));
  const authority = await filesIn(join(folder, FOLDER, 'tls'));
  return [
    ...(await Promise.all(ofPrograms)).flat(),
    secret(SQL_LOGIN, BOOTSTRAPPER, await login(folder), 'kubernetes.io/basic-auth'),
    secret(USERS_SECRET, NATS, { [USERS_FILE]: users }),
    ...(certManager
      ? [
          secret(
            AUTHORITY,
            AUTHORITY,
            { 'tls.crt': authority['ca.crt'] ?? '', 'tls.key': authority['ca.key'] ?? '' },
            'kubernetes.io/tls',
          ),
        ]
      : []),
  ];
}

/** The bootstrapper's password, which its passfile ends with. */
async function login(folder: string): Promise<Record<string, string>> {
  const file = join(folder, BOOTSTRAPPER, 'sql', `${BOOTSTRAPPER}.pgpass`);
  const line = (await readFile(file, 'utf8')).trim();
  return { username: BOOTSTRAPPER, password: line.slice(line.lastIndexOf(':') + 1) };
}

async function filesIn(folder: string): Promise<Record<string, string>> {
  if (!existsSync(folder)) return {};
  const names = await readdir(folder);
  const texts = names.map(
    async (name) => [name, await readFile(join(folder, name), 'utf8')] as const,
  );
  return Object.fromEntries(await Promise.all(texts));
}
