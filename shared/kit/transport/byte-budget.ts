/** Bytes that all who hold some may hold together, so that many small bounds do not add up to more than memory has. */
export interface ByteBudget {
  /** True where so many more fit; then they are held until they are given back. */
  take(bytes: number): boolean;
  /** What was taken is held no longer. */
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
