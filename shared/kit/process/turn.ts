/**
 * Whose turn it is to follow: of several instances one works, and the others stand by. It saves
 * work and keeps nothing safe: two may believe that it is theirs for a while, and double work
 * must be harmless.
 */
export interface Turn {
  /**
   * Resolves when it is this instance's turn, with a signal that is aborted when that ends.
   * Rejects when `signal` is aborted. Call it again only after that, or after `give`.
   */
  take(signal: AbortSignal): Promise<AbortSignal>;
  /** Lets another instance go on at once. May be called at any time. Never rejects. */
  give(): Promise<void>;
  /** Why nobody knows whose turn it is; undefined if somebody has it. */
  unknown(): string | undefined;
}

/** The turn of an instance that is the only one. */
export const always: Turn = {
  take: async () => new AbortController().signal,
  give: async () => undefined,
  unknown: () => undefined,
};
