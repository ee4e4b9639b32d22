/** A gRPC message begins with five bytes: a flag and its length. */
const HEAD_BYTES = 5;

/** Finds the messages in the bytes of a stream. */
export interface Frames {
  /** Takes the next bytes; returns the sizes of the messages that they complete, heads included. */
  take(bytes: Buffer): number[];
  /** Whether a message has begun but is not complete. */
  partial(): boolean;
}

export function createFrames(): Frames {
  const head = Buffer.alloc(HEAD_BYTES);
  let headBytes = 0;
  /** Bytes missing from the body; meaningless until the head is complete. */
  let missing = 0;
  let size = 0;

  return {
    take: (bytes) => {
      const whole: number[] = [];
      for (let at = 0; at < bytes.length; ) {
        if (headBytes < HEAD_BYTES) {
          const taken = bytes.copy(head, headBytes, at, at + HEAD_BYTES - headBytes);
          headBytes += taken;
          at += taken;
          if (headBytes < HEAD_BYTES) break;
          missing = head.readUInt32BE(1);
          size = HEAD_BYTES + missing;
        }
        const taken = Math.min(missing, bytes.length - at);
        missing -= taken;
        at += taken;
        if (missing > 0) break;
        whole.push(size);
        headBytes = 0;
      }
      return whole;
    },
    partial: () => headBytes > 0,
  };
}
