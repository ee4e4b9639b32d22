import { z } from 'zod';
import { EventStoreService, LogRecoveryService } from '../../../proto/gen/eventstore.ts';
import { grpcRights } from '../../../shared/contracts/rights/grpc.ts';
import { nameOf } from '../../../shared/contracts/rights/identities.ts';
import {
  EVERY,
  type GrpcMethod,
  type GrpcRights,
  type Work,
  workOf,
} from '../../../shared/eventstore/grpc/store-rights.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { from, type Setting } from '../../../shared/kit/process/setting.ts';

/** Rights of programs that the table of the orders does not know, by name. */
export type FurtherRights = Readonly<Record<string, GrpcRights>>;

const names = z.array(z.string());
const furtherRights: z.ZodType<FurtherRights> = z.record(
  z.string(),
  z.strictObject({
    may: z.array(z.enum([...new Set(Object.values(workOf))])),
    appends: names,
    aggregates: names,
    consumers: names,
    derives: z.union([
      z.literal(EVERY),
      z.array(
        z.strictObject({
          handler: z.string(),
          of: z.enum(['aggregate', 'cause']),
          purposes: names,
          counted: names.optional(),
        }),
      ),
    ]),
    payloads: z.literal('unchecked').optional(),
    joins: z.literal('workers').optional(),
  }) as z.ZodType<GrpcRights>,
);

/** The setting that gives them, as JSON. */
export const furtherRightsSetting = (): Setting<FurtherRights> =>
  from({}, 'rights as JSON', (text) => {
    try {
      return furtherRights.safeParse(JSON.parse(text)).data;
    } catch {
      return undefined;
    }
  });

/** A method of the contract that belongs to no kind of work does not compile here. */
const works: Readonly<
  Record<keyof typeof EventStoreService | keyof typeof LogRecoveryService, Work>
> = workOf;

const paths = new Map<string, GrpcMethod>(
  [EventStoreService, LogRecoveryService].flatMap((definition) =>
    Object.entries(definition).map(([name, { path }]) => [path, name as GrpcMethod] as const),
  ),
);

/** What the programs of this event store may do. */
export interface RightsTable {
  /** The rights of the program with this URI name in its certificate. */
  of(identity: string): GrpcRights | undefined;
  /** The refusal of a method, by its path; undefined: it may be called. */
  refusal(identity: string, path: string): CodedError | undefined;
}

/** The table of the orders with further rows, which must not be about names of the orders. */
export function rightsTable(further: FurtherRights = {}): RightsTable {
  const rows = { ...further, ...grpcRights };
  const shared = Object.values(rows).filter(({ joins }) => joins === 'workers');
  const all = new Map(Object.entries({ ...rows, workers: union(shared) }));
  const known = new Map<string, GrpcRights | undefined>();
  const of = (identity: string) => {
    if (known.has(identity)) return known.get(identity);
    const rights = all.get(nameOf(identity) ?? '');
    if (rights !== undefined) known.set(identity, rights);
    return rights;
  };
  return {
    of,
    refusal: (identity, path) => {
      const rights = of(identity);
      if (rights === undefined) {
        return new CodedError(
          'unauthenticated',
          'unknown_identity',
          `Nothing is known of ${identity}: give it rights first.`,
        );
      }
      // Health, reflection, and what there is not, which the library says.
      const method = paths.get(path);
      if (method === undefined || rights.may.includes(works[method])) return undefined;
      return new CodedError(
        'forbidden',
        'not_permitted',
        `${nameOf(identity)} may not call ${method}.`,
      );
    },
  };
}

const union = (rows: readonly GrpcRights[]): GrpcRights => ({
  may: [...new Set(rows.flatMap(({ may }) => may))],
  appends: [...new Set(rows.flatMap(({ appends }) => appends))],
  aggregates: [...new Set(rows.flatMap(({ aggregates }) => aggregates))],
  consumers: [...new Set(rows.flatMap(({ consumers }) => consumers))],
  derives: rows.flatMap(({ derives }) => (derives === EVERY ? [] : derives)),
});
