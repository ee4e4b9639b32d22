/** Bytes that all holders may hold together, so that many small limits do not add up to more than memory has. */
export interface ByteBudget {
  /** Holds the bytes until they are given back; false if they do not fit. */
  take(bytes: number): boolean;
  /** Releases bytes that were taken. */
  give(bytes: number): void;
}

/** A budget of `most` bytes, all free. */
export function byteBudget(most: number): ByteBudget {
  let held = 0;
  return {
    take: (bytes) => {
      if (held + bytes > most) return false;
      held += bytes;
      return true;
    },
    give: (bytes) => {
      held -= bytes;
    },
  };
}
