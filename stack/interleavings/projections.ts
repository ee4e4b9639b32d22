/** Two instances of the projection over one read model, each with its own position. */
import { queryModelEndpoints } from '../../services/querymodelworker/endpoints.ts';
import { createQueryModelService } from '../../services/querymodelworker/service.ts';
import type { ReadModel } from '../../services/querymodelworker/table/read-model.ts';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { nop } from '../../shared/kit/endpoint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { Faults } from './faults.ts';

export interface Projections {
  /** A random instance projects its next events. */
  project(): Promise<void>;
}

export function projections(
  readModel: Pick<ReadModel, 'checkpoint' | 'rows' | 'write'>,
  codec: OrderEventCodec,
  log: () => readonly RecordedEvent[],
  { random, tell }: Faults,
): Projections {
  const { project } = queryModelEndpoints(createQueryModelService(readModel, codec), () => nop);
  const at = [0n, 0n];
  const ctx = background('projection');
  return {
    async project() {
      const instance = random.below(at.length);
      const after = at[instance] as bigint;
      const events = log().slice(Number(after), Number(after) + 1 + random.below(6));
      if (events.length === 0) return;
      tell(`projection ${instance} <- ${events.length} after ${after}`);
      try {
        at[instance] = (await project(ctx, { after, events })).position;
      } catch (error) {
        if (!(error instanceof CodedError) || error.code !== 'fault') throw error;
        // It restarts from its checkpoint, when it can read that.
        at[instance] = await readModel.checkpoint(ctx).catch(() => after);
      }
    },
  };
}
