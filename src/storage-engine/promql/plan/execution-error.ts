/** A query that fails while it is prepared or runs; the message is Prometheus's. */
export class PromqlExecutionError extends Error {
  override readonly name: string = 'PromqlExecutionError';
}

/** A part of the language that this engine does not evaluate: it is refused, never answered wrongly. */
export class PromqlUnsupportedError extends PromqlExecutionError {
  override readonly name = 'PromqlUnsupportedError';
}
