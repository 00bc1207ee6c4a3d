/** Bytes to and from one API server: the port below the client. Tests script it, `undici-transport.ts` is the real one. */
export interface Transport {
  /**
   * Resolves when the head of the answer is there. Rejects with the network's error, or with the signal's reason;
   * aborting later ends the body with that reason too.
   */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Ends all connections. */
  close(): Promise<void>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** True for watches and followed logs: never ends by itself, so it takes no connection from other requests. */
  readonly streaming: boolean;
}

export interface HttpResponse {
  readonly status: number;
  /** The value of a header by its lower-case name. */
  header(name: string): string | undefined;
  /** To be read to its end or discarded; leaving an iteration early discards it. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Drops the rest of the answer and its connection. */
  discard(): void;
}
