import type { ErrorCode } from './error-catalogue.ts';
import { errorCatalogue } from './error-catalogue.ts';

export type { ErrorCode } from './error-catalogue.ts';

/**
 * An expected fault. `code` names its row in the catalogue (docs/errors.md), `message` says what is wrong and
 * where, `action` what to do about it. Codes double as Kubernetes condition reasons.
 */
export class CodedError extends Error {
  override readonly name: string = 'CodedError';
  readonly code: ErrorCode;
  /** What the reader can do; the catalogue's text unless a more exact one is given. */
  readonly action: string;

  constructor(code: ErrorCode, message: string, options: { action?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.action = options.action ?? errorCatalogue[code].action;
  }
}

/** The user must change something before trying again can help. */
export class StalledError extends CodedError {
  override readonly name = 'StalledError';
}

/** Nothing is wrong, but something else must happen first: try again after `retryAfterMs`. */
export class WaitingError extends CodedError {
  override readonly name = 'WaitingError';
  readonly retryAfterMs: number;
  constructor(
    code: ErrorCode,
    message: string,
    options: { retryAfterMs: number; action?: string; cause?: unknown },
  ) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Stored bytes are not what they must be; the object that holds them is quarantined, others go on. */
export class CorruptDataError extends CodedError {
  override readonly name = 'CorruptDataError';
  constructor(message: string, options: { cause?: unknown } = {}) {
    super('CorruptData', message, options);
  }
}

/** A stated limit was reached; the message names it with its unit. */
export class LimitExceededError extends CodedError {
  override readonly name = 'LimitExceededError';
  constructor(message: string, options: { action?: string; cause?: unknown } = {}) {
    super('LimitExceeded', message, options);
  }
}

/** One line for people: what is wrong, where, and what to do. */
export function describeError(error: unknown): string {
  if (error instanceof CodedError) return `${error.message} [${error.code}] ${error.action}`;
  return error instanceof Error ? error.message : String(error);
}
