import type { Endpoint } from '../endpoint.ts';

/** Events that follow each other in a log. */
export interface FollowedBatch<Event> {
  readonly events: readonly Event[];
  /** Events up to this position may have been followed before. */
  readonly repeatsUpTo: bigint;
}

/**
 * Takes those events of a batch that are usual, for all of them together, and leaves the others
 * (undefined). Each promise resolves with true when the event is done, and with false if it must
 * go singly after all; it never rejects. If the endpoint itself rejects, all go singly.
 */
export type UsualCase<Event> = Endpoint<
  FollowedBatch<Event>,
  readonly (Promise<boolean> | undefined)[]
>;
