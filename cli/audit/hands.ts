/**
 * How repairs are done: each by the code of the service that owns the data. The log and the
 * ledger are out of reach.
 */
import { readModelRepair } from '../../services/querymodelworker/rebuild/repair-read-model.ts';
import {
  type DeadlineTimes,
  ORDER_ID,
} from '../../services/sagacoordinator/saga/order-deadlines.ts';
import { orderProcess } from '../../services/sagacoordinator/saga/order-process.ts';
import type { DeadlineKind } from '../../services/sagacoordinator/saga/saga.ts';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { READ_MODEL } from '../../shared/contracts/subjects.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Database } from '../../shared/kit/sql/database.ts';
import { sqlDeadlines } from '../../shared/process-manager/deadlines.ts';
import { rebuildAggregate } from '../../shared/process-manager/rebuild.ts';
import type { Repair } from './repairs.ts';

export interface RepairTools {
  readonly log: Pick<
    EventStore,
    'head' | 'read' | 'readAggregate' | 'getCheckpoint' | 'saveCheckpoint'
  >;
  readonly ordersDatabase: Database;
  readonly sagaDatabase: Database;
  /** Deletes the stream; the relay refills it. */
  readonly resetStream: () => Promise<unknown>;
  readonly codec: OrderEventCodec;
  readonly times: DeadlineTimes;
}

/** Does one repair, and resolves with the result, for people. May be repeated. */
export type Hands = (ctx: Context, repair: Repair, audited: Audited) => Promise<string>;

/** What the audit before the repairs had read. */
export interface Audited {
  /** The log's head up to which everything was compared. */
  readonly head: bigint;
  /** The repairs include every wrong row. */
  readonly allRows: boolean;
}

export function repairHands(tools: RepairTools): Hands {
  const { log, codec, times } = tools;
  const process = orderProcess(times, codec);
  const readModel = readModelRepair(tools.ordersDatabase, log, codec);
  const deadlines = sqlDeadlines<DeadlineKind>(tools.sagaDatabase, { idColumn: ORDER_ID });

  async function checkpoint(ctx: Context, consumer: string, audited: Audited): Promise<string> {
    if (consumer === READ_MODEL) {
      const to = audited.allRows ? audited.head : 0n;
      const isSet = await readModel.checkpoint(ctx, to, await log.head(ctx));
      return isSet ? `set to ${to}` : 'already right';
    }
    const { position, eventId } = await log.getCheckpoint(ctx, consumer);
    // Deliveries beyond that may belong to another log.
    await log.saveCheckpoint(ctx, { consumer, position, eventId, delivered: position });
    return `set to ${position}`;
  }

  return async (ctx, repair, audited) => {
    switch (repair.what) {
      case 'stream':
        await tools.resetStream();
        return 'deleted; the event store refills it';
      case 'row':
        return readModel.row(ctx, repair.orderId);
      case 'failure':
        await readModel.failure(ctx, repair.position);
        return 'written';
      case 'checkpoint':
        return checkpoint(ctx, repair.consumer, audited);
      case 'deadlines':
        await rebuildAggregate(ctx, process, log, deadlines, { aggregateId: repair.orderId });
        return 'set';
      case 'void':
        await rebuildAggregate(ctx, process, log, deadlines, {
          aggregateId: repair.orderId,
          firesNow: 'void',
        });
        return 'the coordinator asks for it';
    }
  };
}
