/** Which folders of the sources are packed, and under which names they are imported. */

/** A folder of the sources. In the package it has the same path, so that imports and stack traces lead to it. */
export interface Room {
  /** What an import begins with, after the package's name. */
  readonly name: string;
  /** From the root. */
  readonly folder: string;
}

export const rooms: readonly Room[] = [
  { name: 'kit', folder: 'shared/kit' },
  { name: 'eventstore', folder: 'shared/eventstore' },
  { name: 'process-manager', folder: 'shared/process-manager' },
  { name: 'money', folder: 'shared/money' },
  { name: 'zipkin', folder: 'zipkin' },
  { name: 'proto', folder: 'proto/gen' },
];

/** Files that are no code, by what imports call them. A star stands for any file of the folder. */
const others: Readonly<Record<string, string>> = {
  'process-manager/migrations/*': 'shared/process-manager/migrations/*',
  'proto/eventstore.proto': 'proto/eventstore.proto',
  'package.json': 'package.json',
};

/** Where the files that are no code lie, from the root, but for those that are made: for `glob`. */
export const copied: readonly string[] = Object.values(others).filter(
  (path) => path !== 'package.json',
);

/** `exports` of the package: every module of a room, with its types, and the files that are no code. */
export function exportsOf(): Readonly<Record<string, string | Readonly<Record<string, string>>>> {
  const code = rooms.map(({ name, folder }) => [
    `./${name}/*`,
    { types: `./${folder}/*.d.ts`, default: `./${folder}/*.js` },
  ]);
  const files = Object.entries(others).map(([name, path]) => [`./${name}`, `./${path}`]);
  return Object.fromEntries([...code, ...files]);
}
