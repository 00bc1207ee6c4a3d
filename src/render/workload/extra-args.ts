import { RE2JS } from 're2js';
import { suggestName } from '../../crds/suggestion.ts';
import type { RenderFault } from './manifest.ts';

/** What the server's own flag parser (kingpin) takes as the value of a flag; `switch`: takes none, and is negated by `no-`. */
export type FlagKind =
  | 'switch'
  | 'text'
  | 'duration'
  | 'goDuration'
  | 'number'
  | 'integer'
  | 'ratio'
  | 'bytes'
  | 'url'
  | 'link'
  | 'regex'
  | readonly string[]
  | FlagForm;

/** A form of its own: what is wrong with a value, without quoting it, or undefined. */
export interface FlagForm {
  readonly fault: (value: string) => string | undefined;
}

export interface FlagRow {
  /** A list: one of these values. */
  readonly kind: FlagKind;
  /** First version that takes it. */
  readonly since?: string;
  /** First version that no longer takes it. */
  readonly until?: string;
  /** Why a stack may not set it. */
  readonly refused?: string;
}

export interface FlagTable {
  readonly program: string;
  /** Without dashes and `no-`. */
  readonly rows: Readonly<Record<string, FlagRow>>;
  /** Newest release whose flags are in `rows`, such as `3.14`. */
  readonly newest: string;
  /** Whether `no-` before a switch turns it off. */
  readonly negated?: false;
  /** Whether a version is `since` or newer. */
  readonly atLeast: (version: string, since: string) => boolean;
}

export interface ExtraArg {
  readonly name: string;
  readonly value?: string | undefined;
}

/** Value of a flag: what is wrong with it, without quoting it. */
const valueFaults: Readonly<
  Record<
    Exclude<FlagKind, readonly string[] | FlagForm | 'switch' | 'text' | 'regex'>,
    { form: RegExp; say: string }
  >
> = {
  duration: {
    form: /^(?:0|(?=.)(?:\d{1,9}y)?(?:\d{1,9}w)?(?:\d{1,9}d)?(?:\d{1,9}h)?(?:\d{1,9}m)?(?:\d{1,9}s)?(?:\d{1,9}ms)?)$/,
    say: 'is no duration such as 1h30m',
  },
  goDuration: { form: /^(?:0|(?:\d{1,9}(?:\.\d{1,9})?(?:h|ms|m|s))+)$/, say: 'is no duration such as 1h30m' },
  number: { form: /^[-+]?\d{1,18}(?:\.\d{1,18})?(?:[eE]\+?\d{1,2})?$/, say: 'is no number' },
  integer: { form: /^[-+]?(?:0|[1-9]\d{0,17})$/, say: 'is no whole number' },
  ratio: {
    form: /^(?:0?\.\d{0,17}[1-9]\d{0,17}|1(?:\.0{1,18})?)$/,
    say: 'is no number greater than 0 and at most 1',
  },
  bytes: { form: /^\d{1,9}(?:\.\d{1,9})?(?:[KMGTPE]i?)?B$/, say: 'is no size such as 512MB' },
  url: {
    form: /^https?:\/\/[^\s/?#"'\\<>^`{|}%]+(?:[/?#](?:[^\s"'\\<>^`{|}%]|%[0-9A-Fa-f]{2})*)?$/,
    say: 'is no address such as https://example.org/path',
  },
  link: {
    form: /^(?:https?:\/\/[^\s/?#"'\\<>^`{|}%]+)?(?:\/(?:[^\s"'\\<>^`{|}%]|%[0-9A-Fa-f]{2})*)?$/,
    say: 'is no address such as https://example.org/path',
  },
};

/**
 * Flags of a stack as arguments, sorted, each held against the flags of the server's version: one that the server does
 * not know, cannot read or is given twice would keep every pod from starting, so it is a fault and left out.
 */
export function extraArgs(
  table: FlagTable,
  options: {
    /** Empty for promfleet's own programs, which are of the operator's version. */
    readonly version: string;
    /** Path of the list, such as `spec.prometheus.extraArgs`. */
    readonly path: string;
    readonly extra: readonly ExtraArg[];
    /** Reasons that hold for this stack alone, by flag. */
    readonly refused?: (name: string) => string | undefined;
  },
): {
  readonly args: readonly string[];
  readonly names: ReadonlySet<string>;
  readonly faults: readonly RenderFault[];
} {
  const faults: RenderFault[] = [];
  const names = new Set<string>();
  const args: string[] = [];
  for (const { name, value } of options.extra) {
    const flag = knownFlag(table, name);
    const refuse = (code: RenderFault['code'], message: string) =>
      faults.push({ path: `${options.path}[${name}]`, code, message });
    if (flag === undefined || !covers(table, table.rows[flag]!, options.version)) {
      refuse('FlagUnknown', unknownMessage(table, name, options.version));
      continue;
    }
    const row = table.rows[flag]!;
    const why =
      row.refused ??
      options.refused?.(flag) ??
      (names.has(flag) ? `is set twice, also as ${flag} or no-${flag}` : undefined) ??
      valueFault(row.kind, name !== flag, value);
    if (why !== undefined) {
      refuse('FlagRefused', why);
      continue;
    }
    names.add(flag);
    args.push(value === undefined ? `--${name}` : `--${name}=${value}`);
  }
  return { args: args.sort(), names, faults };
}

/** Key of the table that a flag is, with or without `no-`; only switches are negated. */
function knownFlag(table: FlagTable, name: string): string | undefined {
  if (Object.hasOwn(table.rows, name)) return name;
  if (table.negated === false) return undefined;
  const bare = name.startsWith('no-') ? name.slice('no-'.length) : name;
  return Object.hasOwn(table.rows, bare) &&
    (table.rows[bare]!.kind === 'switch' || table.rows[bare]!.refused !== undefined)
    ? bare
    : undefined;
}

/** Whether a flag of the table is one of this version. */
export function covers(table: FlagTable, row: FlagRow, version: string): boolean {
  return (
    (row.since === undefined || table.atLeast(version, row.since)) &&
    (row.until === undefined || !table.atLeast(version, row.until))
  );
}

function unknownMessage(table: FlagTable, name: string, version: string): string {
  const flag = knownFlag(table, name);
  if (flag !== undefined) {
    const { since, until } = table.rows[flag]!;
    const when =
      since !== undefined && !table.atLeast(version, since) ? `came with ${since}` : `went with ${until}`;
    return `is no flag of ${table.program} ${version}: it ${when}`;
  }
  const usable = Object.entries(table.rows)
    .filter(([, row]) => row.refused === undefined && covers(table, row, version))
    .flatMap(([known, { kind }]) =>
      kind === 'switch' && table.negated !== false ? [known, `no-${known}`] : [known],
    );
  const meant = suggestName(name, usable);
  const newer =
    version !== '' && table.atLeast(version, nextMinor(table.newest))
      ? `; flags newer than ${table.newest} are not known here`
      : '';
  const program = version === '' ? table.program : `${table.program} ${version}`;
  return `is no flag of ${program}${meant === undefined ? '' : `, did you mean ${meant}?`}${newer}`;
}

function nextMinor(version: string): string {
  const [major, minor] = version.split('.').map(Number);
  return `${major}.${minor! + 1}.0`;
}

function valueFault(kind: FlagKind, negated: boolean, value: string | undefined): string | undefined {
  if (kind === 'switch') {
    if (value === undefined) return undefined;
    return negated
      ? 'is a switch and takes no value'
      : 'is a switch and takes no value; no- before it turns it off';
  }
  if (value === undefined) return 'needs a value';
  if (/[\x00\r\n]/.test(value)) return 'holds a line break';
  if (kind === 'text') return undefined;
  if (kind === 'regex') return isRegex(value) ? undefined : 'is no regular expression (RE2)';
  if (typeof kind === 'object' && 'fault' in kind) return kind.fault(value);
  if (typeof kind !== 'string') return kind.includes(value) ? undefined : `is none of ${kind.join(', ')}`;
  const { form, say } = valueFaults[kind];
  return form.test(value) ? undefined : say;
}

function isRegex(text: string): boolean {
  try {
    RE2JS.compile(`^(?s:${text})$`);
    return true;
  } catch {
    return false;
  }
}
