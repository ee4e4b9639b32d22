/**
 * What the relay should do, judged only by the state of stream and log. The log is
 * the truth. The stream is a copy that may be deleted, but only if it is ours and
 * holds nothing that the log has lost.
 */

/** A message as the broker has it. */
export interface ObservedMessage {
  readonly sequence: bigint;
  /** Empty if it has none. */
  readonly eventId: string;
  /** It has the form and place of a message that a relay published. */
  readonly ours: boolean;
}

/** A stream as the broker reports it. */
export interface ObservedStream {
  readonly messages: bigint;
  /** Sequence of the first message; last + 1 if there is none. */
  readonly first: bigint;
  /** Last sequence assigned, whether or not its message still exists. */
  readonly last: bigint;
  /** The last message that exists; undefined if there is none. */
  readonly lastMessage: ObservedMessage | undefined;
  /** Why the configuration is unusable and cannot be changed; undefined if it is right. */
  readonly unfit: string | undefined;
}

/** Log and stream side by side. */
export interface Observed {
  readonly stream: ObservedStream;
  /** Position of the log's last event, read after `stream` was. */
  readonly head: bigint;
  /** Id of the log's event at the position of the stream's last message; undefined if the log has none there. */
  readonly idAtLast: string | undefined;
  /** Id of the log's last event; undefined in an empty log. */
  readonly idAtHead: string | undefined;
  /** The stream's message at the log's head; looked up only if the stream is ahead. */
  readonly messageAtHead: ObservedMessage | undefined;
  /** The message after it. */
  readonly messageAfterHead: ObservedMessage | undefined;
}

export type Verdict =
  /** Publish the events after this position. */
  | { readonly kind: 'follow'; readonly after: bigint }
  /**
   * Delete the stream and fill it again from the log. It is ours but damaged, and
   * JetStream cannot fill a hole; or it is empty and unusable.
   */
  | { readonly kind: 'remake'; readonly why: string }
  /** Change nothing and report why: the stream is not ours or is unusable. The log is whole and may grow. */
  | { readonly kind: 'refuse'; readonly why: string }
  /** The stream agrees up to the log's head and has more: the log lost its tail and must not grow. */
  | { readonly kind: 'behind'; readonly why: string }
  /** Both are ours and differ at one position: the log has two histories and must not grow. */
  | { readonly kind: 'differs'; readonly why: string };

/** Whether the log may grow: not while the stream may hold events that it has lost. */
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
    // Messages of others may have no other copy.
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

/** Judges a stream with more sequences than the log has events. */
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
    // Without the message at the head nobody can tell whether they agree up to there.
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
