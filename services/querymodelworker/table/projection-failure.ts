/** An event that could not be read, recorded for people. */
export interface ProjectionFailure {
  readonly position: bigint;
  readonly eventId: string;
  readonly eventType: string;
  readonly orderId: string;
  readonly reason: string;
}
