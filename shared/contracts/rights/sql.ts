/**
 * Who may do what with each table. The bootstrapper owns the tables and grants this; the
 * tests and docs/security.md read it. A role is the name of the identity that logs in.
 */

export type SqlPrivilege = 'select' | 'insert' | 'update' | 'delete';

/** What each role may do with one table; who is not named may do nothing. */
export type TableRights = Readonly<Record<string, readonly SqlPrivilege[]>>;

/** The rights in one database, by table. Every table of its migrations has its entry. */
export type DatabaseRights = Readonly<Record<string, TableRights>>;

/** Owns all databases and tables, and is used only to prepare them. */
export const BOOTSTRAPPER = 'bootstrapper';

/** Backup, restore, rebuilds and audits: `ordersctl`. */
export const OPERATOR = 'operator';

/** Of the migrations themselves: only their owner uses them. */
const ofMigrations: DatabaseRights = { schemaversion: {}, migration_lease: {} };

const all: readonly SqlPrivilege[] = ['select', 'insert', 'update', 'delete'];

/** A table of the read model, which a rebuild empties row by row. */
const readModel: TableRights = {
  querymodelworker: ['select', 'insert', 'update'],
  ordersvc: ['select'],
  [OPERATOR]: all,
};

/** The rights by database, each under the name that the bootstrapper has for it. */
export const sqlRights = {
  events: {
    // Nothing in the log is ever changed or removed, by whomever.
    events: { eventstoresvc: ['select', 'insert'], [OPERATOR]: ['select', 'insert'] },
    log_head: {
      eventstoresvc: ['select', 'insert', 'update'],
      [OPERATOR]: ['select', 'update'],
    },
    checkpoints: { eventstoresvc: ['select', 'insert', 'update'], [OPERATOR]: all },
    checkpoint_anchors: { eventstoresvc: ['select', 'insert', 'update'] },
    dead_letters: {
      eventstoresvc: ['select', 'insert', 'update'],
      // An erasure replaces what was written about a customer.
      [OPERATOR]: ['select', 'update'],
    },
    log_currency: { eventstoresvc: ['select', 'insert', 'update'], [OPERATOR]: all },
    ...ofMigrations,
  },
  orders: {
    orders: readModel,
    orders_b: readModel,
    projection_checkpoint: {
      querymodelworker: ['select', 'update'],
      ordersvc: ['select'],
      [OPERATOR]: all,
    },
    projection_failures: { querymodelworker: ['select', 'insert'], [OPERATOR]: all },
    read_model_rebuild: { [OPERATOR]: all },
    ...ofMigrations,
  },
  payments: {
    ledger: {
      paymentworker: ['select', 'insert', 'update'],
      [OPERATOR]: ['select', 'insert'],
    },
    ...ofMigrations,
  },
  saga: {
    deadlines: { sagacoordinator: all, [OPERATOR]: all },
    leases: { sagacoordinator: all },
    audit_results: { sagacoordinator: ['select'], [OPERATOR]: ['select', 'insert', 'update'] },
    ...ofMigrations,
  },
  personal: {
    // One service reads keys. A person may delete one, and nobody brings it back.
    personal_keys: {
      ordersvc: ['select', 'insert', 'update'],
      [OPERATOR]: ['select', 'delete'],
    },
    personal_erasures: { [OPERATOR]: ['select', 'insert'] },
    ...ofMigrations,
  },
} as const satisfies Readonly<Record<string, DatabaseRights>>;

/**
 * Who makes a lost table again, in which database, and so becomes its owner until the
 * bootstrapper's next run: a rebuild of the read model.
 */
export const makesTables: Readonly<Record<string, string>> = { orders: OPERATOR };

/** The roles that have any right in these databases, in alphabetical order. */
export const rolesOf = (...databases: readonly DatabaseRights[]): readonly string[] =>
  [
    ...new Set(databases.flatMap((tables) => Object.values(tables).flatMap(Object.keys))),
  ].sort() as readonly string[];
