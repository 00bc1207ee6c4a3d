/** An answer outside of the JSON envelope: text or bytes of a content type of its own. */
export class RawAnswer {
  readonly contentType: string;
  /** Whole, or in parts as they are made. */
  readonly body: Buffer | Iterable<Uint8Array>;
  readonly contentEncoding: string | undefined;
  /** Lines said before the body where it is partial; absent in formats that have no place for it. */
  readonly comment: ((reason: string) => string) | undefined;

  constructor(
    contentType: string,
    body: Buffer | Iterable<Uint8Array>,
    options: { contentEncoding?: string; comment?: (reason: string) => string } = {},
  ) {
    this.contentType = contentType;
    this.body = body;
    this.contentEncoding = options.contentEncoding;
    this.comment = options.comment;
  }
}
