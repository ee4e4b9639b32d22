/** Orders that looked wrong and must be looked at once more. */
export interface Suspects {
  /** `certain`: that it is merely under way does not explain it. */
  add(orderId: string, certain: boolean): void;
  /** The certain ones first. */
  listed(): readonly string[];
  /** How many there was no room for. */
  readonly dropped: number;
}

/** Each costs a few reads, so that many take seconds; a book that is far behind has as many as orders. */
const MOST = 2_000;

/** None yet. Holds a bounded number. */
export function createSuspects(): Suspects {
  const certain: string[] = [];
  const underWay: string[] = [];
  let dropped = 0;
  return {
    add(orderId, isCertain) {
      const list = isCertain ? certain : underWay;
      if (list.length < MOST) list.push(orderId);
      else dropped++;
    },
    listed: () => [...certain, ...underWay],
    get dropped() {
      return dropped;
    },
  };
}
