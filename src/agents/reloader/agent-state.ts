/** What outlives the process: which contents the server refused. JSON `{formatVersion, quarantined: {path: {hash, error}}}`. */
import { CorruptDataError } from '../../base/errors.ts';
import { decodeReport } from '../../render/bundle/report.ts';
import { checkFormatVersion, compareText, parseJsonObject } from '../../render/bundle/slot.ts';
import type { Quarantine } from './desired.ts';

const stateFormatVersion = 1;

export function encodeState(quarantined: ReadonlyMap<string, Quarantine>): string {
  const sorted = [...quarantined].sort(([a], [b]) => compareText(a, b));
  return JSON.stringify({ formatVersion: stateFormatVersion, quarantined: Object.fromEntries(sorted) });
}

/** Throws CorruptData or UnsupportedFormat. */
export function decodeState(text: string): ReadonlyMap<string, Quarantine> {
  const value = parseJsonObject(text, 'state');
  checkFormatVersion(value.formatVersion, stateFormatVersion, 'state');
  const result = new Map<string, Quarantine>();
  for (const [path, entry] of Object.entries(value.quarantined ?? {})) {
    const { hash, error } = (entry ?? {}) as Partial<Quarantine>;
    if (typeof hash !== 'string' || typeof error !== 'string')
      throw new CorruptDataError('state has no hash or error');
    result.set(path, { hash, error });
  }
  return result;
}

/** What an earlier pod of this name reported as refused, so that its successor does not start with it. */
export function quarantineOfReport(text: string): ReadonlyMap<string, Quarantine> {
  return new Map(
    decodeReport(text).quarantined.flatMap(({ path, hash, error }) =>
      hash === undefined ? [] : [[path, { hash, error }] as const],
    ),
  );
}
