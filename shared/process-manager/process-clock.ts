import type { EventStore } from '../eventstore/event-store.ts';
import type { Endpoint } from '../kit/endpoint.ts';
import type { Component } from '../kit/process/lifecycle.ts';
import { catchUp } from './catch-up.ts';
import { type DeadlineTransportOptions, deadlineTransport } from './deadline-transport.ts';
import type { UpcomingDeadline } from './deadlines.ts';
import { type DeliveryWatchOptions, deliveryWatch, lookEveryMs } from './delivery-watch.ts';
import type { Process } from './process.ts';

export interface ProcessClockOptions<Kind extends string>
  extends Omit<DeadlineTransportOptions<Kind>, 'catchUp' | 'delivery'> {
  readonly store: Pick<EventStore, 'read' | 'getCheckpoint'>;
  /** The durable that follows the process. */
  readonly consumer: string;
  /** See the delivery watch; used only if a worker answers. */
  readonly broker: DeliveryWatchOptions<Kind>['broker'];
}

/**
 * Fires the deadlines of `process`, from start to stop: none before its consumer has
 * read the log so far, and none whose worker could not have answered.
 */
export function processClock<State, Command, Event, Kind extends string>(
  { deadlines: rules, follows }: Process<State, Command, Event, Kind>,
  endpoint: Endpoint<UpcomingDeadline<Kind>, unknown>,
  options: ProcessClockOptions<Kind>,
): Component {
  const { store, consumer, broker, pollMs } = options;
  return deadlineTransport(endpoint, {
    ...options,
    catchUp: catchUp(store, consumer, follows),
    delivery: deliveryWatch(store, { rules, everyMs: lookEveryMs(rules, pollMs), broker }),
  });
}
