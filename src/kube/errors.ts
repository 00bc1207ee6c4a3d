import { CodedError, type ErrorCode } from '../base/errors.ts';
import type { Status } from './object.ts';

/** A request that the API server refused, or that never reached it. */
export class KubeError extends CodedError {
  override readonly name = 'KubeError';
  /** HTTP status; 0 when there was no answer. */
  readonly httpStatus: number;
  /** The server's machine-readable reason, e.g. `NotFound`; empty when it gave none. */
  readonly reason: string;
  /** How long the server asked to wait. */
  readonly retryAfterMs: number | undefined;
  /** Per-field causes: schema faults of an invalid object, managers of an apply conflict. */
  readonly causes: readonly { readonly field: string; readonly message: string; readonly reason: string }[];

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      httpStatus?: number;
      reason?: string;
      retryAfterMs?: number | undefined;
      causes?: KubeError['causes'];
      cause?: unknown;
    } = {},
  ) {
    super(code, message, options.cause === undefined ? {} : { cause: options.cause });
    this.httpStatus = options.httpStatus ?? 0;
    this.reason = options.reason ?? '';
    this.retryAfterMs = options.retryAfterMs;
    this.causes = options.causes ?? [];
  }
}

const codeByReason: Readonly<Record<string, ErrorCode>> = {
  AlreadyExists: 'ApiAlreadyExists',
  Conflict: 'ApiConflict',
  Expired: 'ApiGone',
  Forbidden: 'ApiForbidden',
  Gone: 'ApiGone',
  Invalid: 'ApiInvalid',
  NotFound: 'ApiNotFound',
  ServerTimeout: 'ApiTimeout',
  ServiceUnavailable: 'ApiUnavailable',
  Timeout: 'ApiTimeout',
  TooManyRequests: 'ApiTooManyRequests',
  Unauthorized: 'ApiUnauthorized',
};

const codeByHttpStatus: Readonly<Record<number, ErrorCode>> = {
  401: 'ApiUnauthorized',
  403: 'ApiForbidden',
  404: 'ApiNotFound',
  408: 'ApiTimeout',
  409: 'ApiConflict',
  410: 'ApiGone',
  422: 'ApiInvalid',
  429: 'ApiTooManyRequests',
  502: 'ApiUnavailable',
  503: 'ApiUnavailable',
  504: 'ApiTimeout',
};

/** The typed error for an answer that is not a success. `what` says which request failed. */
export function errorFromStatus(
  what: string,
  httpStatus: number,
  status: Partial<Status> | undefined,
  retryAfterMs?: number,
): KubeError {
  const reason = typeof status?.reason === 'string' ? status.reason : '';
  const code = codeByReason[reason] ?? codeByHttpStatus[httpStatus] ?? 'ApiRequestFailed';
  const detail =
    typeof status?.message === 'string' && status.message !== '' ? status.message : `HTTP ${httpStatus}`;
  const waitSeconds = status?.details?.retryAfterSeconds;
  return new KubeError(code, `${what}: ${detail}`, {
    httpStatus,
    reason,
    retryAfterMs: retryAfterMs ?? (waitSeconds === undefined ? undefined : waitSeconds * 1000),
    causes: (status?.details?.causes ?? []).map((cause) => ({
      field: cause.field ?? '',
      message: cause.message ?? '',
      reason: cause.reason ?? '',
    })),
  });
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof CodedError && error.code === code;
}

export const isNotFound = (error: unknown): boolean => hasCode(error, 'ApiNotFound');
export const isConflict = (error: unknown): boolean => hasCode(error, 'ApiConflict');
export const isAlreadyExists = (error: unknown): boolean => hasCode(error, 'ApiAlreadyExists');
export const isGone = (error: unknown): boolean => hasCode(error, 'ApiGone');

/** Whether sending the same request again later can succeed without anybody changing anything. */
export function isTransient(error: unknown): boolean {
  return (
    error instanceof KubeError &&
    (error.httpStatus >= 500 ||
      error.httpStatus === 0 ||
      error.code === 'ApiTooManyRequests' ||
      error.code === 'ApiTimeout' ||
      error.code === 'ApiConflict')
  );
}

/** The field managers that own what a server-side apply without `force` wanted to set, with the fields. */
export function conflictingManagers(
  error: KubeError,
): readonly { readonly manager: string; readonly field: string }[] {
  return error.causes
    .filter((cause) => cause.reason === 'FieldManagerConflict')
    .map((cause) => ({
      manager: /conflict with "([^"]*)"/.exec(cause.message)?.[1] ?? cause.message,
      field: cause.field,
    }));
}
