/** A message of gRPC begins with a flag and its length, in five bytes. */
const HEAD_BYTES = 5;

/** Where messages end and begin in the bytes of a stream. */
export interface Frames {
  /** Takes the next bytes; the sizes of the messages that are whole with them, heads included. */
  take(bytes: Buffer): number[];
  /** Whether a message has begun and is not whole. */
  partial(): boolean;
}

export function createFrames(): Frames {
  const head = Buffer.alloc(HEAD_BYTES);
  let headBytes = 0;
  /** What is missing of the body; of no meaning before the head is whole. */
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
