/** The tables of docs/security.md, made from those that the product itself reads. */
import { grpcRights } from '../shared/contracts/rights/grpc.ts';
import {
  consoleRights,
  type HttpRight,
  httpRights,
  people,
} from '../shared/contracts/rights/http-rights.ts';
import { natsUses, type StreamUse } from '../shared/contracts/rights/nats.ts';
import { type DatabaseRights, sqlRights } from '../shared/contracts/rights/sql.ts';

/** A table in Markdown. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const code = (text: string) => `\`${text}\``;

/** In words. */
const REACH = { none: '–', own: 'their own', any: 'all' } as const;

function httpTable(operations: Readonly<Record<string, HttpRight>>): string {
  const rights = Object.entries(operations);
  return table(
    ['operation', ...people],
    rights.map(([operation, right]) => [
      code(operation),
      ...people.map((person) => (right === 'anybody' ? 'all' : REACH[right[person]])),
    ]),
  );
}

const listed = (names: readonly string[]) => names.map(code).join(', ') || '–';

function grpcTable(): string {
  return table(
    ['program', 'may', 'appends', 'places and letters of'],
    Object.entries(grpcRights).map(([program, { may, appends, consumers }]) => [
      program,
      may.join(', '),
      listed(appends),
      consumers.includes('*') ? 'all' : listed(consumers),
    ]),
  );
}

function usesOf({ makes, fills, inspects, durables = [], asks = [] }: StreamUse): string {
  return [
    ...(makes ? ['makes streams'] : []),
    ...(fills ? ['alone publishes events'] : []),
    ...(inspects ? ['reads streams and makes them again'] : []),
    ...(durables.length > 0 ? [`works off ${listed(durables)}`] : []),
    ...(asks.length > 0 ? [`asks how far ${listed(asks)} are`] : []),
  ].join(', ');
}

function natsTable(): string {
  return table(
    ['user', 'does'],
    Object.entries(natsUses).map(([user, use]) => [user, usesOf(use)]),
  );
}

function sqlTable(): string {
  const databases: readonly [string, DatabaseRights][] = Object.entries(sqlRights);
  return table(
    ['database', 'table', 'who may do what'],
    databases.flatMap(([database, tables]) =>
      Object.entries(tables).map(([name, rights]) => {
        const each = Object.entries(rights).map(([role, may]) => `${role}: ${may.join(', ')}`);
        return [database, code(name), each.join('; ') || 'only the owner'];
      }),
    ),
  );
}

/** What stands between the marks `<!-- name -->` and `<!-- /name -->` of the page, by name. */
export const rightsTables: Readonly<Record<string, () => string>> = {
  http: () => httpTable(httpRights),
  console: () => httpTable(consoleRights),
  grpc: grpcTable,
  nats: natsTable,
  sql: sqlTable,
};

/** `page` with each table as the code has it. Throws where a mark is missing. */
export function withRights(page: string): string {
  return Object.entries(rightsTables).reduce((text, [name, made]) => {
    const [before, rest] = text.split(`<!-- ${name} -->\n`);
    const [, after] = (rest ?? '').split(`\n<!-- /${name} -->`);
    if (before === undefined || after === undefined)
      throw new Error(`The mark ${name} is missing.`);
    return `${before}<!-- ${name} -->\n\n${made()}\n\n<!-- /${name} -->${after}`;
  }, page);
}
