import { exportsOf } from './rooms.ts';

/** What is read of the root's package.json. */
export interface RootManifest {
  readonly version: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

export const packageName = '@ordersctl/frame';

/**
 * The package.json of the frame, whose code imports the packages `code` and whose
 * declarations import `types`; `node` stands for what Node brings. Types that the root
 * has in a package of their own become an optional peer: who writes JavaScript does not
 * need them. Throws where the root does not name a package among its dependencies.
 */
export function manifestOf(
  root: RootManifest,
  { code, types }: { readonly code: ReadonlySet<string>; readonly types: ReadonlySet<string> },
): object {
  const imported = [...new Set([...code, ...types])].filter((name) => name !== 'node').sort();
  const dependencies = imported.map((name) => {
    const range = root.dependencies[name];
    if (range === undefined) throw new Error(`The frame imports ${name}, which is no dependency.`);
    return [name, range];
  });
  const peers = [...types]
    .map((name) => `@types/${name}`)
    .filter((name) => root.devDependencies[name] !== undefined)
    .sort();
  return {
    name: packageName,
    version: root.version,
    description:
      'Endpoints and transports, an event store client, process managers and Zipkin hooks for event-driven services.',
    license: root.license,
    type: 'module',
    engines: { node: `>=${major(root.optionalDependencies)}` },
    exports: exportsOf(),
    dependencies: Object.fromEntries(dependencies),
    peerDependencies: Object.fromEntries(peers.map((name) => [name, root.devDependencies[name]])),
    peerDependenciesMeta: Object.fromEntries(peers.map((name) => [name, { optional: true }])),
  };
}

/** The major version of the Node that the project brings along, and is tested with. */
function major(packages: Readonly<Record<string, string>>): string {
  const [, version] = Object.entries(packages).find(([name]) => name.startsWith('node-')) ?? [];
  if (version === undefined) throw new Error('The root brings no Node along.');
  return version.split('.')[0] ?? version;
}
