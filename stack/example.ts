import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { GrpcRights } from '../shared/eventstore/grpc/store-rights.ts';
import { SetupProblem } from './problem.ts';
import type { ServiceRow } from './services.ts';

/** A system other than the orders, to be started in their place: `examples/<name>/system.ts` exports one. */
export interface Example {
  /** Its services, the event store among them. */
  readonly rows: readonly ServiceRow[];
  /** What its services may do at the event store, by name. */
  readonly rights: Readonly<Record<string, GrpcRights>>;
  /** Further variables for a service, by its name. */
  readonly environment: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const folder = resolve(import.meta.dirname, '../examples');

/** The example of that name; undefined without a name. Throws a `SetupProblem` for one that does not exist. */
export async function readExample(name: string | undefined): Promise<Example | undefined> {
  if (!name) return undefined;
  const names = await readdir(folder).catch((): string[] => []);
  if (!names.includes(name)) {
    throw new SetupProblem(`there is no example ${name}`, `choose from: ${names.join(' ')}`);
  }
  const file = pathToFileURL(join(folder, name, 'system.ts')).href;
  const { system } = (await import(file)) as { readonly system: Example };
  return system;
}
