/** What clients asked and were told, and when: the input of the verdict. */

/** One operation on one aggregate. */
export interface Operation {
  readonly client: number;
  /** The aggregate. */
  readonly key: string;
  /**
   * `append`: one event. `read`: all events of the aggregate. `get`: an order as it is
   * shown, which may be old. `end`: a decision that ends the order, once. `shown`: the
   * version with which such a decision was answered. It has that event, but may be later:
   * a decision is asked again where its answer was lost, and others write in between.
   */
  readonly kind: 'append' | 'read' | 'get' | 'end' | 'shown';
  /** `append`, `end`, `shown`: what names the event. */
  readonly id?: string;
  /** `append`: the expected version, -1 for any. `get`: `min_version`. */
  readonly expected?: number;
  /**
   * `conflict`: refused for its version. `behind`: the log has no such version.
   * `absent`: there is no such order. `unknown`: no answer, or one that says so.
   */
  readonly outcome: 'done' | 'conflict' | 'behind' | 'absent' | 'unknown';
  /** Of the append, or that was shown. */
  readonly version?: number;
  /** `read`: the ids of the events, by version. */
  readonly ids?: readonly string[];
  /** Nanoseconds of one clock; a return of 0: the answer never came, so it may take effect at any later time. */
  readonly call: number;
  readonly return: number;
}

/** The result of an operation, without client and time. */
export type Outcome = Pick<Operation, 'outcome' | 'version' | 'ids'>;

export interface History {
  readonly operations: readonly Operation[];
  /** Runs `work` and records it. What it rejects with is an unknown outcome. */
  record(
    about: Pick<Operation, 'client' | 'key' | 'kind' | 'id' | 'expected'>,
    work: () => Promise<Outcome>,
  ): Promise<Outcome>;
}

export function createHistory(): History {
  const operations: Operation[] = [];
  const now = () => Math.round(performance.now() * 1_000_000);
  return {
    operations,
    async record(about, work) {
      const call = now();
      const outcome = await work().catch((): Outcome => ({ outcome: 'unknown' }));
      const ended = outcome.outcome === 'unknown' ? 0 : now();
      operations.push({ ...about, ...outcome, call, return: ended });
      if (about.kind === 'end' && outcome.outcome === 'done')
        operations.push({ ...about, ...outcome, kind: 'shown', call, return: ended });
      return outcome;
    },
  };
}
