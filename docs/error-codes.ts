/** The codes that the services and what they share can fail with, read from their source. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './markdown.ts';

/** A place in the source that makes an error. */
export interface CodedPlace {
  /** From the root. */
  readonly file: string;
  /** Undefined where HTTP itself refuses, with a status of its own. */
  readonly kind: string | undefined;
  readonly code: string;
  /** HTTP status, where it does not follow from the kind. */
  readonly status?: number;
}

/** Here kind or code is a variable: errors that are handed on, and the domain's refusals. */
export const handOn: readonly string[] = [
  'services/console/orders/ordersvc-client.ts',
  'services/ordersvc/order-decisions.ts',
  'services/ordersvc/service.ts',
  'shared/kit/transport/grpc/grpc-status.ts',
  'shared/kit/transport/http/refusing/refused-requests.ts',
];

const DOMAIN = 'shared/domain/order.ts';

/**
 * Every place there is. What HTTP refuses under the code of a kind is left out,
 * for the kind says as much. Throws for a place that cannot be read, unless its
 * file is named in `handOn`.
 */
export function codedPlaces(): readonly CodedPlace[] {
  const places = allPlaces();
  const coded = new Set(places.filter(({ kind }) => kind !== undefined).map(({ code }) => code));
  return places.filter(({ kind, code }) => kind !== undefined || !coded.has(code));
}

function allPlaces(): readonly CodedPlace[] {
  return ['services', 'shared']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
        join(folder, file),
      ),
    )
    .filter((file) => /(?<!\.spec)\.ts$/.test(file) && !file.startsWith('shared/testing/'))
    .sort()
    .flatMap((file) => placesIn(file, readFileSync(join(root, file), 'utf8')));
}

function placesIn(file: string, source: string): CodedPlace[] {
  const made = [...source.matchAll(/new CodedError\(\s*([^,]+?),\s*([^,]+?),/g)].flatMap(
    ([, kind = '', code = '']) => {
      const literal = /^'(\w+)'$/;
      const [, k] = literal.exec(kind) ?? [];
      const [, c] = literal.exec(code) ?? [];
      if (k !== undefined && c !== undefined) return [{ file, kind: k, code: c }];
      if (handOn.includes(file)) return [];
      throw new Error(`${file} makes an error of ${kind} and ${code}, which are no literals.`);
    },
  );
  const refused = [...source.matchAll(/status: (\d{3}),\s*code: '(\w+)'/g)].map(
    ([, status, code = '']) => ({ file, kind: undefined, code, status: Number(status) }),
  );
  // What the domain calls by a code becomes an error in order-decisions.ts.
  const domain = file !== DOMAIN ? [] : source.matchAll(/'((?:order|payment)_[a-z_]+)'/g);
  const decided = [...domain].map(([, code = '']) => ({
    file,
    kind: code === 'order_not_found' ? 'not_found' : 'conflict',
    code,
  }));
  return [...made, ...refused, ...decided];
}
