/** An answer that is not JSON: a file of a page. It is sent as it is. */
export class Content {
  /** Its media type. */
  readonly type: string;
  readonly bytes: Uint8Array;

  constructor(type: string, bytes: Uint8Array) {
    this.type = type;
    this.bytes = bytes;
  }
}
