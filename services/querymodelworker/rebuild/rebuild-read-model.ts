/**
 * Fills the read model's other table from the log, compares it with the live one, and
 * switches the two, while the projection and all readers keep running.
 */
import { randomUUID } from 'node:crypto';
import type { OrderEventCodec } from '../../../shared/contracts/events.ts';
import { READ_MODEL, READ_MODEL_B } from '../../../shared/contracts/subjects.ts';
import type { EventStore, RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';
import { refuseGaps } from '../table/batch.ts';
import { findLiveTable, otherSide, type Side, tableOf } from '../table/live-table.ts';
import type { OrderRow } from '../table/order-row.ts';
import * as tables from '../table/rebuild-table.ts';
import { type Comparison, compareTables } from './rebuild-compare.ts';
import { createChunkFold, sizeOf } from './rebuild-fold.ts';

/** Progress of a rebuild; positions are the log's. */
export type RebuildProgress =
  | { readonly step: 'emptying'; readonly removed: number }
  | { readonly step: 'filling'; readonly position: bigint; readonly head: bigint }
  | { readonly step: 'comparing'; readonly compared: number };

export interface RebuildOptions {
  readonly log: Pick<EventStore, 'head' | 'read' | 'batches' | 'readAggregate'>;
  /** The read model's database. */
  readonly database: Database;
  readonly codec: OrderEventCodec;
  /** Start over, even if an earlier rebuild could be resumed. */
  readonly fresh?: boolean;
  readonly onProgress?: (progress: RebuildProgress) => void;
}

/** The result of a rebuild. */
export interface Rebuilt {
  /** The table that is live now. */
  readonly table: string;
  /** The table matches the log up to here, and the projection continues from it. */
  readonly position: bigint;
  /** Events read; together with a resumed rebuild's, the log's whole length. */
  readonly events: number;
  /** Where an earlier rebuild was resumed; 0n if this one started from the beginning. */
  readonly resumedAt: bigint;
  /** Unreadable events in this run. */
  readonly failures: number;
  /** Undefined if there was no live table to compare with. */
  readonly comparison: Comparison | undefined;
}

/** Most events in one statement: half of what two pages hold, with 4 MB of rows. */
const CHUNK_EVENTS = 5_000;
const CHUNK_SIZE = 4_000_000;
/** Most events left for the final catch-up. */
const TAIL = 1_000;
/** Most attempts to switch; each catches up first. */
const TRIES = 1_000;

/**
 * May be called again after any interruption, and continues where it was. Of two
 * concurrent calls the later one continues, and the other rejects with
 * `rebuild_taken_over`. Rejects with `rebuild_differs` if a filled row is not what the
 * log folds to; then nothing was switched.
 */
export async function rebuildReadModel(ctx: Context, options: RebuildOptions): Promise<Rebuilt> {
  const { log, database, codec, fresh = false, onProgress = () => undefined } = options;
  const owner = randomUUID();
  const folding = createChunkFold(codec);
  let events = 0;
  let failures = 0;

  const existing = await tables.existingTables(database, ctx);
  for (const table of [
    'projection_checkpoint',
    'projection_failures',
    'read_model_rebuild',
  ] as const) {
    if (!existing.has(table)) await tables.makeTable(database, ctx, table);
  }
  const begun = await tables.takeOver(database, ctx, owner);
  // Asked after the takeover: from now on no other process changes which table is live.
  const live = await findLiveTable(database, ctx);
  const side = live === undefined ? await missingSide() : otherSide(live.side);
  const goesOn =
    !fresh &&
    begun?.builds === side &&
    existing.has(tableOf(side)) &&
    begun.position > 0n &&
    (await isInLog(begun));
  let place: tables.Place = { position: 0n, eventId: '' };
  if (goesOn) place = { position: begun.position, eventId: begun.eventId };
  else await prepare();
  const resumedAt = place.position;

  await fill(1);
  const comparison = await compare();
  await changePlaces();
  await tables.forget(database, ctx, owner);
  // Create the other table, not live and empty, so that no table of the migrations is missing.
  const other = tableOf(otherSide(side));
  if (!existing.has(other)) await tables.makeTable(database, ctx, other);
  return {
    table: tableOf(side),
    position: place.position,
    events,
    resumedAt,
    failures,
    comparison,
  };

  /** The table whose checkpoint is missing. */
  async function missingSide(): Promise<Side> {
    const there = await tables.checkpoints(database, ctx);
    return there.has(READ_MODEL) ? READ_MODEL_B : READ_MODEL;
  }

  async function isInLog({ position, eventId }: tables.Place): Promise<boolean> {
    const page = await log.read(ctx, { afterPosition: position - 1n, limit: 1 });
    const [event] = page.events;
    return event?.position === position && event.eventId === eventId;
  }

  /** Prepares the table for the log's first event. */
  async function prepare(): Promise<void> {
    await tables.note(database, ctx, owner, side);
    await tables.disown(database, ctx, side);
    if (!existing.has(tableOf(side))) await tables.makeTable(database, ctx, tableOf(side));
    for (let n = 1; await tables.removeSome(database, ctx, owner, side); n++) {
      onProgress({ step: 'emptying', removed: n * tables.EMPTIED });
    }
    await tables.forgetFailures(database, ctx, side);
  }

  /** Fills up to the head if at least `least` events are missing, and repeats until few new ones came meanwhile. */
  async function fill(least: number): Promise<void> {
    for (let wanted = least; ; wanted = TAIL) {
      const head = await log.head(ctx);
      if (head - place.position < BigInt(wanted)) return;
      // One chunk is being written, one waits, and a third is read and folded meanwhile.
      let [earlier, writing] = [Promise.resolve(), Promise.resolve()];
      let chunk: RecordedEvent[] = [];
      const write = async () => {
        const taken = chunk;
        chunk = [];
        const folded = await foldAfter(taken);
        await earlier;
        earlier = writing;
        writing = writing
          .then(folded)
          .then(() => onProgress({ step: 'filling', position: place.position, head }));
        // The failure surfaces where the write is awaited.
        writing.catch(() => undefined);
      };
      for await (const batch of await log.batches(ctx, {
        afterPosition: place.position,
        withoutMetadata: true,
      })) {
        chunk.push(...batch);
        if (chunk.length >= CHUNK_EVENTS || sizeOfEvents(chunk) > CHUNK_SIZE) await write();
      }
      if (chunk.length > 0) await write();
      await writing;
    }
  }

  /** Folds a chunk that follows `place`; resolves with a function that writes it and moves `place`. */
  async function foldAfter(chunk: readonly RecordedEvent[]): Promise<() => Promise<void>> {
    // Rows that the previous chunk is about to write are cached, not looked up.
    const folded = await folding.fold(chunk, (ids) => tables.rowsOf(database, ctx, side, ids));
    return async () => {
      const rows = [...folded.changed.values()];
      await writeRows(chunk, rows, folded.failures);
      events += chunk.length;
      failures += folded.failures.length;
    };
  }

  async function writeRows(
    chunk: readonly RecordedEvent[],
    rows: readonly OrderRow[],
    failed: tables.Chunk['failures'],
  ): Promise<void> {
    const last = chunk.at(-1);
    if (last === undefined) return;
    refuseGaps(place.position, chunk);
    const to = { position: last.position, eventId: last.eventId };
    const from = place.position;
    // Rows may be ahead of the place: folding an event again changes nothing.
    const parts = partsOf(rows);
    for (const [n, part] of parts.entries()) {
      const end = n === parts.length - 1;
      const moved = await tables.writeChunk(database, ctx, {
        builds: side,
        owner,
        from,
        to: end ? to : place,
        rows: part,
        failures: end ? failed : [],
      });
      if (!moved && !(await hasMoved(end ? to : place))) throw takenOver();
    }
    place = to;
  }

  /** Finds out whether a write whose answer was lost was done. */
  async function hasMoved(to: tables.Place): Promise<boolean> {
    return (await tables.standing(database, ctx, owner)) === to.position;
  }

  async function compare(): Promise<Comparison | undefined> {
    if (live === undefined || !existing.has(tableOf(live.side))) return undefined;
    return compareTables(ctx, {
      log,
      database,
      codec,
      filled: { side, position: place.position },
      onProgress: (compared) => onProgress({ step: 'comparing', compared }),
    });
  }

  async function changePlaces(): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      await fill(TAIL);
      const page = await log.read(ctx, { afterPosition: place.position, limit: TAIL });
      if (page.events.length > 0) await (await foldAfter(page.events))();
      if (await switched()) return;
    }
    throw new CodedError(
      'unavailable',
      'rebuild_behind',
      `The live table moved on before each of ${TRIES} attempts to switch: run the rebuild again under less load.`,
    );
  }

  async function switched(): Promise<boolean> {
    const now = await findLiveTable(database, ctx);
    if (now === undefined) {
      if (live !== undefined) throw takenOver();
      return tables.comeForward(database, ctx, owner, side, place);
    }
    if (now.side === side) throw takenOver();
    let upTo = place.position;
    if (now.position > upTo) {
      // A checkpoint ahead of the whole log belongs to another log, so it does not count as further.
      if (now.position <= (await log.head(ctx))) return false;
      upTo = now.position;
    }
    await tables.placeCheckpoint(database, ctx, side, place);
    const { retirements } = now;
    if (await tables.standDown(database, ctx, { owner, live: now.side, retirements, upTo })) {
      return true;
    }
    if ((await tables.standing(database, ctx, owner)) === undefined) throw takenOver();
    return false;
  }
}

const takenOver = () =>
  new CodedError(
    'conflict',
    'rebuild_taken_over',
    'Another process took over the rebuild of the read model: this one stopped.',
  );

const sizeOfEvents = (events: readonly RecordedEvent[]): number =>
  events.reduce((sum, { data }) => sum + data.length, 0);

/** Splits `rows` into parts that fit one statement; at least one part. */
function partsOf(rows: readonly OrderRow[]): readonly (readonly OrderRow[])[] {
  const parts: OrderRow[][] = [[]];
  let size = 0;
  for (const row of rows) {
    if (size > 0 && size + sizeOf(row) > CHUNK_SIZE) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(row);
    size += sizeOf(row);
  }
  return parts;
}
