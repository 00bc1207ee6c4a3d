/**
 * A fragment is what one AlertRoute contributes to its stack's alertmanager.yml, in Alertmanager's own spelling and
 * with secrets in place. It lives in a Secret slot of the bundle, so that the last good version of a part outlives
 * the operator.
 */
import { CodedError, CorruptDataError } from '../../base/errors.ts';
import { parseJsonObject } from '../bundle/slot.ts';

export const fragmentFormatVersion = 1;

export interface RenderedRoute {
  readonly receiver?: string;
  readonly matchers?: readonly string[];
  readonly group_by?: readonly string[];
  readonly group_wait?: string;
  readonly group_interval?: string;
  readonly repeat_interval?: string;
  readonly continue?: boolean;
  readonly mute_time_intervals?: readonly string[];
  readonly active_time_intervals?: readonly string[];
  readonly routes?: readonly RenderedRoute[];
}

export interface RenderedReceiver {
  readonly name: string;
  readonly [configs: string]: unknown;
}

export interface RenderedInhibitRule {
  readonly name?: string;
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
  readonly equal?: readonly string[];
}

export interface RenderedTimeInterval {
  readonly name: string;
  readonly time_intervals: readonly object[];
}

export interface Fragment {
  readonly namespace: string;
  readonly name: string;
  /** By the names that the object uses; the parts carry the prefixed names. */
  readonly receivers: Readonly<Record<string, RenderedReceiver>>;
  readonly timeIntervals: Readonly<Record<string, RenderedTimeInterval>>;
  readonly templates: Readonly<Record<string, string>>;
  readonly inhibitRules: readonly RenderedInhibitRule[];
  /** Without the guard of its namespace; absent when the whole tree is refused. */
  readonly route?: RenderedRoute;
}

/** Prefix of every name that the object brings into the shared configuration. */
export function fragmentPrefix(namespace: string, name: string): string {
  return `${namespace}/${name}/`;
}

export function fragmentPath(namespace: string, name: string): string {
  return `routes/${namespace}/${name}.json`;
}

/** The AlertRoute behind a bundle path, or undefined for another file. */
export function alertRouteOfPath(
  path: string,
): { readonly namespace: string; readonly name: string } | undefined {
  const match = /^routes\/([^/]+)\/([^/]+)\.json$/.exec(path);
  return match === null ? undefined : { namespace: match[1]!, name: match[2]! };
}

/** Fragments are never changed, so the text of one is made once. */
const encoded = new WeakMap<Fragment, string>();

export function encodeFragment(fragment: Fragment): string {
  let text = encoded.get(fragment);
  if (text === undefined) {
    text = JSON.stringify({ formatVersion: fragmentFormatVersion, ...fragment });
    encoded.set(fragment, text);
  }
  return text;
}

/** Throws CorruptData or UnsupportedFormat. */
export function decodeFragment(text: string): Fragment {
  const { formatVersion, ...value } = parseJsonObject(text, 'fragment');
  if (formatVersion !== fragmentFormatVersion) {
    throw new CodedError(
      'UnsupportedFormat',
      `fragment has format version ${String(formatVersion)}, known is ${fragmentFormatVersion}`,
    );
  }
  const { namespace, name, receivers, timeIntervals, templates, inhibitRules } = value;
  const objects = [receivers, timeIntervals, templates];
  if (
    typeof namespace !== 'string' ||
    typeof name !== 'string' ||
    !Array.isArray(inhibitRules) ||
    objects.some((part) => typeof part !== 'object' || part === null)
  ) {
    throw new CorruptDataError('fragment lacks a part');
  }
  return value as unknown as Fragment;
}
