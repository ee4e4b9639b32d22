/** The generated client as it is, for the calls that our own client makes otherwise. */
import { credentials } from '@grpc/grpc-js';
import { EventStoreClient, GetEventsRequest, Lane } from '../../../proto/gen/eventstore.ts';
import { ORDERS_STREAM } from '../../../shared/contracts/subjects.ts';
import { newEventToWire } from '../../../shared/eventstore/grpc/wire.ts';
import type { Step } from '../workload.ts';
import { newEvent } from './own-store.ts';

/** On a connection of its own, which clients of one process otherwise share. The caller closes it. */
export const rawClient = (address: string): EventStoreClient =>
  new EventStoreClient(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });

/** CreateEvent, one call for each event. */
export function createEvent(client: EventStoreClient, step: Step): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.createEvent(
      {
        event: newEventToWire(newEvent(step), ORDERS_STREAM),
        expectedVersion: BigInt(step.expectedVersion),
        lane: Lane.NEW_WORK,
      },
      (error, response) => {
        if (error) reject(error);
        else resolve(response);
      },
    );
  });
}

/** All of the log after a position. */
export const readFrom = (afterPosition: bigint, limit = 0): GetEventsRequest =>
  GetEventsRequest.fromPartial({ stream: ORDERS_STREAM, afterPosition, limit });
