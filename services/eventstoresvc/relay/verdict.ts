/**
 * What the relay should do, judged from the state of the stream and of the log
 * alone. The log is the truth; the stream is a copy that may be thrown away, but
 * only if it is ours, and only while it holds nothing that the log has lost.
 */

/** A message as the broker has it. */
export interface ObservedMessage {
  readonly sequence: bigint;
  /** Empty where it has none. */
  readonly eventId: string;
  /** In the form and at the place in which a relay publishes: what an event store put there. */
  readonly ours: boolean;
}

/** A stream as the broker reports it. */
export interface ObservedStream {
  readonly messages: bigint;
  /** Sequence of the first message; last + 1 where there is none. */
  readonly first: bigint;
  /** Last sequence that was given, whether its message is still there or not. */
  readonly last: bigint;
  /** The last message there is; undefined where there is none. */
  readonly lastMessage: ObservedMessage | undefined;
  /** Why its configuration is of no use and cannot be changed; undefined where it is right. */
  readonly unfit: string | undefined;
}

/** Log and stream side by side. */
export interface Observed {
  readonly stream: ObservedStream;
  /** Position of the log's last event, read after `stream` was. */
  readonly head: bigint;
  /** Id of the log's event where the stream's last message stands; undefined where it has none there. */
  readonly idAtLast: string | undefined;
  /** Id of the log's last event; undefined in an empty log. */
  readonly idAtHead: string | undefined;
  /** The stream's message at the log's head; looked for where the stream has more. */
  readonly messageAtHead: ObservedMessage | undefined;
  /** The one after it. */
  readonly messageAfterHead: ObservedMessage | undefined;
}

export type Verdict =
  /** Publish what comes after this position. */
  | { readonly kind: 'follow'; readonly after: bigint }
  /**
   * Ours but damaged, for JetStream cannot fill a hole; or empty and of no use.
   * Make it again and fill it from the log.
   */
  | { readonly kind: 'remake'; readonly why: string }
  /** Not ours, or of no use: touch nothing and say so. The log is whole, and may grow. */
  | { readonly kind: 'refuse'; readonly why: string }
  /** The stream agrees up to the log's head and has more: the log lost its tail. It must not grow. */
  | { readonly kind: 'behind'; readonly why: string }
  /** Both are ours, and differ at one position: two lives of one log. It must not grow. */
  | { readonly kind: 'differs'; readonly why: string };

/** Whether the log may take events: not while the stream may hold what it has lost. */
export const mayGrow = ({ kind }: Verdict): boolean => kind !== 'behind' && kind !== 'differs';

export function judge(observed: Observed): Verdict {
  const { stream, head, idAtLast } = observed;
  if (stream.last > head) return judgeAhead(observed);
  const { lastMessage } = stream;
  if (lastMessage !== undefined && lastMessage.eventId !== idAtLast) {
    return {
      kind: lastMessage.ours ? 'differs' : 'refuse',
      why: `the stream's message ${lastMessage.sequence} is ${lastMessage.eventId || 'without an id'}, but the log has ${idAtLast ?? 'none'} there`,
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

/** A stream that was given more sequences than the log has events. */
function judgeAhead(observed: Observed): Verdict {
  const { stream, head, idAtHead, messageAtHead, messageAfterHead } = observed;
  const ahead = `the stream is at ${stream.last}, ahead of the log at ${head}`;
  if (messageAtHead !== undefined && messageAtHead.eventId !== idAtHead) {
    return {
      kind: messageAtHead.ours ? 'differs' : 'refuse',
      why: `${ahead}; its message ${head} is ${messageAtHead.eventId || 'without an id'}, but the log has ${idAtHead ?? 'none'} there`,
    };
  }
  if (messageAfterHead?.ours) {
    // Without the message at the head nobody can tell that they agree up to there.
    if (head > 0n && messageAtHead === undefined) {
      return { kind: 'differs', why: `${ahead}, and its message ${head} is missing` };
    }
    return { kind: 'behind', why: `${ahead}: the log has lost what came after ${head}` };
  }
  const { lastMessage } = stream;
  if (lastMessage !== undefined && lastMessage.sequence > head && lastMessage.ours) {
    return { kind: 'behind', why: `${ahead}, and its message ${head + 1n} cannot be read` };
  }
  return { kind: 'refuse', why: ahead };
}
