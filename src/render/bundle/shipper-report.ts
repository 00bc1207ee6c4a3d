/** What the shipper of one pod reports: JSON in the `shipper.json` key of the pod's report ConfigMap. */
import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { checkFormatVersion, parseJsonObject } from './slot.ts';

const formatVersion = 1;

/** Changes only when something happened, never by the passing of time. Times in milliseconds since the epoch. */
export interface DrainReport {
  /** Of the wish in the index that it answers. */
  readonly token: string;
  /** `Drained`: everything that the server ever took is in the bucket, and it takes no more. */
  readonly state: string;
  readonly detail: string;
}

export interface ShipperReport {
  /** Present while the pod is told to drain. */
  readonly drain?: DrainReport;
  readonly waitingBlocks: number;
  readonly heldBlocks: number;
  /** End of the oldest block that waits. */
  readonly oldestWaitingMs?: number;
  /** When a block was last stored. */
  readonly lastUploadMs?: number;
  readonly error?: { readonly code: string; readonly message: string };
  /** Blocks that wait because of a fault of their own, with it. */
  readonly troubles: readonly { readonly ulid: string; readonly code: string; readonly error: string }[];
}

export function encodeShipperReport(report: ShipperReport): string {
  const { waitingBlocks, heldBlocks, oldestWaitingMs, lastUploadMs, error, troubles } = report;
  const { drain } = report;
  return JSON.stringify({
    formatVersion,
    ...(drain === undefined
      ? {}
      : { drain: { token: drain.token, state: drain.state, detail: shorten(drain.detail) } }),
    waitingBlocks,
    heldBlocks,
    ...(oldestWaitingMs === undefined ? {} : { oldestWaitingMs }),
    ...(lastUploadMs === undefined ? {} : { lastUploadMs }),
    ...(error === undefined ? {} : { error: { code: error.code, message: shorten(error.message) } }),
    troubles: troubles
      .slice(0, limits.shipperReportBlocks)
      .map((trouble) => ({ ulid: trouble.ulid, code: trouble.code, error: shorten(trouble.error) })),
  });
}

/** Throws CorruptData or UnsupportedFormat: a report is foreign input to the operator. */
export function decodeShipperReport(text: string): ShipperReport {
  if (text.length > limits.reportBytes) throw new CorruptDataError('shipper report is too large');
  const value = parseJsonObject(text, 'shipper report');
  checkFormatVersion(value.formatVersion, formatVersion, 'shipper report');
  const oldestWaitingMs = optionalNumber(value.oldestWaitingMs, 'oldestWaitingMs');
  const lastUploadMs = optionalNumber(value.lastUploadMs, 'lastUploadMs');
  const error = value.error === undefined ? undefined : record(value.error, 'error');
  if (!Array.isArray(value.troubles)) throw new CorruptDataError('shipper report has no list in troubles');
  const drain = value.drain === undefined ? undefined : record(value.drain, 'drain');
  return {
    ...(drain === undefined
      ? {}
      : {
          drain: {
            token: words(drain.token, 'drain'),
            state: words(drain.state, 'drain'),
            detail: words(drain.detail, 'drain'),
          },
        }),
    waitingBlocks: number(value.waitingBlocks, 'waitingBlocks'),
    heldBlocks: number(value.heldBlocks, 'heldBlocks'),
    ...(oldestWaitingMs === undefined ? {} : { oldestWaitingMs }),
    ...(lastUploadMs === undefined ? {} : { lastUploadMs }),
    ...(error === undefined
      ? {}
      : { error: { code: words(error.code, 'error'), message: words(error.message, 'error') } }),
    troubles: value.troubles.map((entry) => {
      const row = record(entry, 'troubles');
      return {
        ulid: words(row.ulid, 'troubles'),
        code: words(row.code, 'troubles'),
        error: words(row.error, 'troubles'),
      };
    }),
  };
}

function number(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new CorruptDataError(`shipper report has no whole number in ${field}`);
  return value;
}

function optionalNumber(value: unknown, field: string): number | undefined {
  return value === undefined ? undefined : number(value, field);
}

function words(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new CorruptDataError(`shipper report has no text in ${field}`);
  return value;
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CorruptDataError(`shipper report has no object in ${field}`);
  return value as Record<string, unknown>;
}

function shorten(message: string): string {
  return message.length <= limits.reportErrorChars
    ? message
    : `${message.slice(0, limits.reportErrorChars - 3)}...`;
}
