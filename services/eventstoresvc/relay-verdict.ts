/**
 * What the relay should do, judged from the state of the stream and of the log
 * alone. The log is the truth; the stream is a copy that may be thrown away,
 * but only if it is ours.
 */

/** A stream as the broker reports it. */
export interface ObservedStream {
  readonly messages: bigint;
  /** Sequence of the first message; last + 1 where there is none. */
  readonly first: bigint;
  /** Last sequence that was given, whether its message is still there or not. */
  readonly last: bigint;
  /** The last message there is; undefined where there is none. */
  readonly lastMessage: { readonly sequence: bigint; readonly eventId: string } | undefined;
  /** Why its configuration is of no use and cannot be changed; undefined where it is right. */
  readonly unfit: string | undefined;
}

export type Verdict =
  /** Publish what comes after this position. */
  | { readonly kind: 'follow'; readonly after: bigint }
  /**
   * Ours but damaged, for JetStream cannot fill a hole; or empty and of no use.
   * Make it anew and fill it from the log.
   */
  | { readonly kind: 'remake'; readonly why: string }
  /** Not ours, or of another life of ours: touch nothing and say so. */
  | { readonly kind: 'refuse'; readonly why: string };

/**
 * @param head position of the log's last event, read after `stream` was
 * @param idAt id of the log's event at the position of the stream's last message; undefined where there is none
 */
export function judge(stream: ObservedStream, head: bigint, idAt: string | undefined): Verdict {
  if (stream.last > head) {
    return { kind: 'refuse', why: `the stream is at ${stream.last}, ahead of the log at ${head}` };
  }
  const { lastMessage } = stream;
  if (lastMessage !== undefined && lastMessage.eventId !== idAt) {
    return {
      kind: 'refuse',
      why: `the stream's message ${lastMessage.sequence} is ${lastMessage.eventId || 'without an id'}, the log has ${idAt ?? 'none'} there`,
    };
  }
  if (stream.unfit !== undefined) {
    const { messages } = stream;
    // What others put into it may be all that they have of it.
    return messages === 0n
      ? { kind: 'remake', why: `the stream is empty and cannot be used: ${stream.unfit}` }
      : {
          kind: 'refuse',
          why: `the stream cannot be used: ${stream.unfit}; and it holds ${messages} messages`,
        };
  }
  if (stream.last > 0n && (stream.first !== 1n || stream.messages !== stream.last)) {
    return {
      kind: 'remake',
      why: `the stream holds ${stream.messages} of ${stream.last} messages`,
    };
  }
  return { kind: 'follow', after: stream.last };
}
