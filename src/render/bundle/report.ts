/** What the reloader of one pod reports: JSON in the `report.json` key of the pod's report ConfigMap. */
import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { checkFormatVersion, compareText, parseJsonObject } from './slot.ts';

export const reportFormatVersion = 1;

export interface QuarantinedFile {
  readonly path: string;
  /** SHA-256 of the refused content: the next pod of this name does not start with it. */
  readonly hash?: string;
  /** The server's words about this file. */
  readonly error: string;
}

export interface RuleHealthFault {
  readonly path: string;
  readonly group: string;
  /** Name of the alert or of the recorded series; absent in reports of older agents. */
  readonly rule?: string;
  readonly error: string;
}

export interface Report {
  /** Hash of the index whose content runs, without its quarantined files; empty before the first load. */
  readonly indexHash: string;
  /** Slot name -> hash of the content that runs. */
  readonly slots: Readonly<Record<string, string>>;
  /** Files left out by name because the server refuses them; where an older text was good, that one runs. */
  readonly quarantined: readonly QuarantinedFile[];
  /** Why the newest index does not run; absent when it does. */
  readonly error?: string;
  /** Hash of the newest index that was refused, with `error`. */
  readonly refusedIndexHash?: string;
  readonly serverVersion: string;
  readonly agentVersion: string;
  /** Rules whose evaluation fails; only transitions are reported. */
  readonly ruleHealth: readonly RuleHealthFault[];
}

export function encodeReport(report: Report): string {
  const slots = Object.entries(report.slots).sort(([a], [b]) => compareText(a, b));
  return JSON.stringify({
    formatVersion: reportFormatVersion,
    indexHash: report.indexHash,
    slots: Object.fromEntries(slots),
    quarantined: [...report.quarantined]
      .sort((a, b) => compareText(a.path, b.path))
      .slice(0, limits.reportQuarantinedFiles)
      .map(({ path, hash, error }) => ({
        path,
        ...(hash === undefined ? {} : { hash }),
        error: shorten(error),
      })),
    ...(report.error === undefined ? {} : { error: shorten(report.error) }),
    ...(report.refusedIndexHash === undefined ? {} : { refusedIndexHash: report.refusedIndexHash }),
    serverVersion: report.serverVersion,
    agentVersion: report.agentVersion,
    ruleHealth: [...report.ruleHealth]
      .sort(
        (a, b) =>
          compareText(a.path, b.path) ||
          compareText(a.group, b.group) ||
          compareText(a.rule ?? '', b.rule ?? ''),
      )
      .slice(0, limits.reportRuleFaults)
      .map(({ path, group, rule, error }) => ({
        path,
        group,
        ...(rule === undefined ? {} : { rule: shorten(rule) }),
        error: shorten(error),
      })),
  });
}

/** Throws CorruptData or UnsupportedFormat: a report is foreign input to the operator. */
export function decodeReport(text: string): Report {
  if (text.length > limits.reportBytes) throw new CorruptDataError('report is too large');
  const value = parseJsonObject(text, 'report');
  checkFormatVersion(value.formatVersion, reportFormatVersion, 'report');
  const error = optionalText(value.error, 'error');
  const refusedIndexHash = optionalText(value.refusedIndexHash, 'refusedIndexHash');
  return {
    indexHash: readText(value.indexHash, 'indexHash'),
    slots: Object.fromEntries(
      Object.entries(object(value.slots, 'slots')).map(([name, hash]) => [name, readText(hash, 'slots')]),
    ),
    quarantined: list(value.quarantined, 'quarantined').map((entry) => {
      const row = object(entry, 'quarantined');
      const hash = optionalText(row.hash, 'quarantined');
      return {
        path: readText(row.path, 'quarantined'),
        ...(hash === undefined ? {} : { hash }),
        error: readText(row.error, 'quarantined'),
      };
    }),
    ...(error === undefined ? {} : { error }),
    ...(refusedIndexHash === undefined ? {} : { refusedIndexHash }),
    serverVersion: readText(value.serverVersion, 'serverVersion'),
    agentVersion: readText(value.agentVersion, 'agentVersion'),
    ruleHealth: list(value.ruleHealth, 'ruleHealth').map((entry) => {
      const row = object(entry, 'ruleHealth');
      const rule = optionalText(row.rule, 'ruleHealth');
      return {
        path: readText(row.path, 'ruleHealth'),
        group: readText(row.group, 'ruleHealth'),
        ...(rule === undefined ? {} : { rule }),
        error: readText(row.error, 'ruleHealth'),
      };
    }),
  };
}

function readText(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new CorruptDataError(`report has no text in ${field}`);
  return value;
}

function optionalText(value: unknown, field: string): string | undefined {
  return value === undefined ? undefined : readText(value, field);
}

function list(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new CorruptDataError(`report has no list in ${field}`);
  return value;
}

function object(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CorruptDataError(`report has no object in ${field}`);
  }
  return value as Record<string, unknown>;
}

function shorten(message: string): string {
  return message.length <= limits.reportErrorChars
    ? message
    : `${message.slice(0, limits.reportErrorChars - 3)}...`;
}
