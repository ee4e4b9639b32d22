/** The read model's tables in memory, for the projection that writes them and for ordersvc, which reads. */
import type { ReadModel as ReadSide } from '../../services/ordersvc/views/order-rows.ts';
import { type OrderRow, stateOf } from '../../services/querymodelworker/table/order-row.ts';
import type { ProjectionFailure } from '../../services/querymodelworker/table/projection-failure.ts';
import type { ReadModel } from '../../services/querymodelworker/table/read-model.ts';
import { READ_MODEL } from '../../shared/contracts/subjects.ts';

export interface MemoryReadModel {
  readonly writeSide: Pick<ReadModel, 'checkpoint' | 'rows' | 'write'>;
  readonly readSide: Pick<ReadSide, 'find'>;
  readonly checkpoint: () => bigint;
  readonly rows: ReadonlyMap<string, OrderRow>;
  readonly failures: readonly ProjectionFailure[];
}

/** @param written told of each row as it is written */
export function memoryReadModel(written: (row: OrderRow) => void): MemoryReadModel {
  const rows = new Map<string, OrderRow>();
  const failures: ProjectionFailure[] = [];
  let position = 0n;
  return {
    rows,
    failures,
    checkpoint: () => position,
    writeSide: {
      checkpoint: async () => position,
      rows: async (_ctx, orderIds) => ({
        table: { side: READ_MODEL, retirements: 0n, position },
        rows: new Map(
          orderIds.flatMap((id) => {
            const row = rows.get(id);
            return row === undefined ? [] : [[id, row] as const];
          }),
        ),
      }),
      write: async (_ctx, change) => {
        if (change.from !== position) return false;
        position = change.to;
        for (const row of change.rows) {
          rows.set(row.orderId, row);
          written(row);
        }
        failures.push(...change.failures);
        return true;
      },
    },
    readSide: {
      find: async (_ctx, orderId) => {
        const row = rows.get(orderId);
        const state = row && stateOf(row);
        if (row === undefined || state?.details === undefined) return undefined;
        const { details, status, payment, reason } = state;
        return { details, status, payment, reason, version: row.version };
      },
    },
  };
}
