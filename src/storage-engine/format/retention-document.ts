import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';

/** A matcher on labels, an absent label counting as empty; `=~` and `!~` take RE2 and match the whole value. */
export interface StoredMatcher {
  readonly name: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** How long samples of one resolution live: milliseconds between samples (0: raw), and age in ms. */
export interface Keep {
  readonly resolutionMs: number;
  readonly durationMs: number;
}

/** Series that all matchers take, and the resolutions in which they live; one that is not listed is not kept. */
export interface RetentionRule {
  readonly matchers: readonly StoredMatcher[];
  readonly keep: readonly Keep[];
}

/** The rules of one RetentionPolicy in force; the first that matches a series counts. */
export interface RetentionRules {
  /** `namespace/name`. */
  readonly name: string;
  readonly rules: readonly RetentionRule[];
}

/** A durable request: samples before `untilMs` of the series that all matchers take do not exist any more. */
export interface Erasure {
  /** Stable over rewrites of the document; blocks that were rewritten list it. */
  readonly id: string;
  readonly matchers: readonly StoredMatcher[];
  /** Milliseconds since the epoch, exclusive. */
  readonly untilMs: number;
  readonly requestedAtMs: number;
  readonly reason: string;
  /** The RetentionPolicy that asked for it, `namespace/name`. */
  readonly policy: string;
}

/**
 * What is to live how long and what is erased, as one stack states it in its bucket: an object of our own beside the
 * blocks (`promfleet/retention/<stack>.json`). Readers, shippers and rewriters apply it; it only ever gains erasures.
 */
export interface RetentionDocument {
  readonly version: 1;
  /** Grows with every change. */
  readonly generation: number;
  readonly writtenAtMs: number;
  /** `namespace/name` of the MonitoringStack, or a name given on the command line. */
  readonly stack: string;
  /** Only blocks and servers whose external labels have all of these are concerned; none: all. */
  readonly scope: Readonly<Record<string, string>>;
  /** For series that no rule of any policy takes; absent: they live for ever. */
  readonly defaultKeep?: readonly Keep[];
  readonly policies: readonly RetentionRules[];
  readonly erasures: readonly Erasure[];
}

/** Resolutions in which Thanos stores samples, in ms: raw, five minutes, one hour. */
export const resolutionsMs = [0, 300_000, 3_600_000] as const;

export function printRetentionDocument(document: RetentionDocument): string {
  return `${JSON.stringify(document, undefined, 1)}\n`;
}

/** Parses and checks a stored document. Throws CorruptDataError that names the field. */
export function parseRetentionDocument(text: string, what: string): RetentionDocument {
  const fail = (fault: string, cause?: unknown): never => {
    throw new CorruptDataError(`${what}: ${fault}`, cause === undefined ? {} : { cause });
  };
  if (text.length > limits.retentionDocumentBytes)
    fail(`${text.length} characters are above the limit of ${limits.retentionDocumentBytes}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    fail('not JSON', cause);
  }
  const fault = documentFault(value);
  if (fault !== undefined) fail(fault);
  return value as RetentionDocument;
}

type Check = (value: unknown, at: string) => string | undefined;

const isText: Check = (value, at) => (typeof value === 'string' ? undefined : `${at} is not a text`);
const isTime: Check = (value, at) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : `${at} is not a whole number from 0 on`;
const isMoment: Check = (value, at) =>
  Number.isSafeInteger(value) ? undefined : `${at} is not a whole number`;
const isOperator: Check = (value, at) =>
  value === '=' || value === '!=' || value === '=~' || value === '!~' ? undefined : `${at} is no operator`;
const isResolution: Check = (value, at) =>
  (resolutionsMs as readonly unknown[]).includes(value)
    ? undefined
    : `${at} is not one of ${resolutionsMs.join(', ')}`;

function list(item: Check): Check {
  return (value, at) => {
    if (!Array.isArray(value)) return `${at} is not a list`;
    for (const [i, each] of value.entries()) {
      const fault = item(each, `${at}[${i}]`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

function record(fields: Readonly<Record<string, Check>>): Check {
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${at} is not an object`;
    for (const [name, check] of Object.entries(fields)) {
      const fault = check((value as Record<string, unknown>)[name], at === '' ? name : `${at}.${name}`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

const optional =
  (check: Check): Check =>
  (value, at) =>
    value === undefined ? undefined : check(value, at);

const isMatchers = list(record({ name: isText, op: isOperator, value: isText }));
const isKeep = list(record({ resolutionMs: isResolution, durationMs: isTime }));
const isScope: Check = (value, at) =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((each) => typeof each === 'string')
    ? undefined
    : `${at} is not a map of texts`;

const documentCheck = record({
  version: (value, at) => (value === 1 ? undefined : `${at} is ${JSON.stringify(value)}, not 1`),
  generation: isTime,
  writtenAtMs: isTime,
  stack: isText,
  scope: isScope,
  defaultKeep: optional(isKeep),
  policies: list(record({ name: isText, rules: list(record({ matchers: isMatchers, keep: isKeep })) })),
  erasures: list(
    record({
      id: isText,
      matchers: isMatchers,
      untilMs: isMoment,
      requestedAtMs: isTime,
      reason: isText,
      policy: isText,
    }),
  ),
});

function documentFault(value: unknown): string | undefined {
  return documentCheck(value, '');
}
